#pragma once

#include <codec/json_document.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mds::codec {

/// A CSV table (RFC 4180; LF alone ends a line as well) as an array of objects whose keys are the column names of the first line and
/// whose values are texts. nullopt where the first line does not name every one of `columns`, a column occurs twice, or a line has
/// another number of cells: then it is not the table that was asked for.
std::optional<Json> parse_csv(std::string_view text, std::span<std::string const> columns);

}  // namespace mds::codec
