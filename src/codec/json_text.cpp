#include "codec/json_text.hpp"

#include <cstddef>

namespace mds::codec {
namespace {

constexpr bool needs_escape(char c) noexcept {
    return c == '"' || c == '\\' || (c >= 0 && c < 0x20);
}

void append_escaped(std::string& out, char c) {
    constexpr std::string_view hex = "0123456789abcdef";
    switch (c) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\b': out += "\\b"; return;
        case '\f': out += "\\f"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default: break;
    }
    out += "\\u00";
    out += hex[static_cast<std::size_t>(c) >> 4];
    out += hex[static_cast<std::size_t>(c) & 0xf];
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    std::size_t written = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!needs_escape(text[i])) continue;
        out.append(text, written, i - written);
        append_escaped(out, text[i]);
        written = i + 1;
    }
    out.append(text, written);
    out += '"';
}

}  // namespace mds::codec
