#include "adapters/sqlite/json_list.hpp"

#include <boost/json/parse.hpp>

namespace mds::sqlite {
namespace {

std::string_view text_of(Symbol const& symbol) noexcept {
    return symbol.str();
}
std::string_view text_of(std::string const& name) noexcept {
    return name;
}

template <class Item>
void write_items(std::vector<Item> const& items, std::string& out) {
    out.assign(1, '[');
    for (Item const& item : items) {
        if (out.size() > 1) out += ',';
        out += '"';
        out += text_of(item);
        out += '"';
    }
    out += ']';
}

}  // namespace

void write_list(std::vector<Symbol> const& symbols, std::string& out) {
    write_items(symbols, out);
}
void write_list(std::vector<std::string> const& names, std::string& out) {
    write_items(names, out);
}

std::vector<std::string> read_names(std::string_view text) {
    boost::system::error_code failure;
    boost::json::value const value = boost::json::parse(boost::json::string_view(text.data(), text.size()), failure);
    std::vector<std::string> names;
    if (failure || !value.is_array()) return names;
    for (boost::json::value const& item : value.get_array())
        if (item.is_string()) names.emplace_back(item.get_string().data(), item.get_string().size());
    return names;
}

std::vector<Symbol> read_symbols(std::string_view text) {
    std::vector<Symbol> symbols;
    for (std::string const& name : read_names(text))
        if (auto symbol = Symbol::parse(name, SymbolCase::preserve)) symbols.push_back(*std::move(symbol));
    return symbols;
}

}  // namespace mds::sqlite
