#pragma once

#include <string>
#include <string_view>

namespace mds::codec {

/// Appends `text` as a JSON string, quotes included. Escapes what RFC 8259 demands and nothing else; `text` is UTF-8 already.
void append_json_string(std::string& out, std::string_view text);

}  // namespace mds::codec
