#include <mds/domain/symbol.hpp>

#include <algorithm>

namespace mds {
namespace {

// Not <cctype>: these must not depend on the locale.
constexpr bool is_upper(char c) noexcept {
    return c >= 'A' && c <= 'Z';
}
constexpr bool is_lower(char c) noexcept {
    return c >= 'a' && c <= 'z';
}
constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool is_symbol_character(char c) noexcept {
    return is_upper(c) || is_lower(c) || is_digit(c) || std::string_view(".-_=^/:").find(c) != std::string_view::npos;
}

}  // namespace

std::optional<Symbol> Symbol::parse(std::string_view text, SymbolCase fold) {
    if (text.empty() || text.size() > max_size || !std::all_of(text.begin(), text.end(), is_symbol_character)) return std::nullopt;
    std::string folded(text);
    if (fold == SymbolCase::upper) {
        for (char& c : folded) c = is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return Symbol(std::move(folded));
}

bool is_provider_name(std::string_view text) noexcept {
    constexpr std::size_t max_size = 64;
    auto const allowed = [](char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '-'; };
    return !text.empty() && text.size() <= max_size && std::all_of(text.begin(), text.end(), allowed);
}

}  // namespace mds
