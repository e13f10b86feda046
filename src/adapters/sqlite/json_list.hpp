#pragma once
// Lists in a column, as JSON arrays of strings: readable by hand, and json_each() takes them apart in a query.

#include <mds/domain/symbol.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace mds::sqlite {

/// Names and symbols hold nothing that JSON would escape. Replaces the content of `out`.
void write_list(std::vector<Symbol> const& symbols, std::string& out);
void write_list(std::vector<std::string> const& names, std::string& out);

/// Empty where the text is not what write_list() wrote.
std::vector<Symbol> read_symbols(std::string_view text);
std::vector<std::string> read_names(std::string_view text);

}  // namespace mds::sqlite
