#include <codec/provider_symbol.hpp>

#include <algorithm>

namespace mds::codec {

namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
char upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

std::string in_case(std::string text, LetterCase letters) {
    if (letters == LetterCase::lower) std::transform(text.begin(), text.end(), text.begin(), lower);
    if (letters == LetterCase::upper) std::transform(text.begin(), text.end(), text.begin(), upper);
    return text;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

}  // namespace

std::string lower_ascii(std::string_view text) { return in_case(std::string(text), LetterCase::lower); }
std::string upper_ascii(std::string_view text) { return in_case(std::string(text), LetterCase::upper); }

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<Template> Template::parse(std::string_view text) {
    Template result;
    while (!text.empty()) {
        auto const open = text.find_first_of("{}");
        if (open == std::string_view::npos) {
            result.pieces_.emplace_back(Kind::literal, text);
            break;
        }
        auto const close = text.find('}', open);
        if (text[open] == '}' || close == std::string_view::npos) return std::nullopt;
        if (open > 0) result.pieces_.emplace_back(Kind::literal, text.substr(0, open));
        auto const name = text.substr(open + 1, close - open - 1);
        if (name == "symbol") result.pieces_.emplace_back(Kind::symbol, "");
        else if (name == "base") result.pieces_.emplace_back(Kind::base, "");
        else if (name == "quote") result.pieces_.emplace_back(Kind::quote, "");
        else return std::nullopt;
        text.remove_prefix(close + 1);
    }
    return result;
}

Template Template::literal(std::string text) {
    Template result;
    if (!text.empty()) result.pieces_.emplace_back(Kind::literal, std::move(text));
    return result;
}

std::optional<std::string> Template::fill(SpelledSymbol const& symbol) const {
    std::string out;
    for (auto const& [kind, text] : pieces_) {
        auto const& part = kind == Kind::literal ? text
                         : kind == Kind::symbol  ? symbol.symbol
                         : kind == Kind::base    ? symbol.base
                                                 : symbol.quote;
        if (part.empty()) return std::nullopt;
        out += part;
    }
    return out;
}

std::string SymbolSpelling::part(std::string const& ours) const {
    auto const named = parts.find(ours);
    return named == parts.end() ? in_case(ours, letters) : named->second;
}

std::string SymbolSpelling::split(std::string const& ours, SpelledSymbol& spelled) const {
    auto const cut = separators.empty() ? std::string::npos : ours.find_first_of(separators);
    if (cut != std::string::npos) {
        spelled.base = part(ours.substr(0, cut));
        spelled.quote = part(ours.substr(cut + 1));
        return spelled.base + ours[cut] + spelled.quote;
    }
    if (split_at > 0 && ours.size() > split_at) {
        spelled.base = part(ours.substr(0, split_at));
        spelled.quote = part(ours.substr(split_at));
        return spelled.base + spelled.quote;
    }
    if (default_quote.empty()) return in_case(ours, letters);
    spelled.base = part(ours);
    spelled.quote = part(default_quote);
    return spelled.base;
}

std::optional<SpelledSymbol> SymbolSpelling::spell(Symbol const& symbol) const {
    std::string const& ours = symbol.str();
    SpelledSymbol spelled;
    spelled.symbol = split(ours, spelled);
    if (pairs_only && (spelled.base.empty() || spelled.quote.empty())) return std::nullopt;
    if (auto const found = table.find(ours); found != table.end()) {
        spelled.symbol = found->second;
        return spelled;
    }
    for (auto const& [from, to] : replace) replace_all(spelled.symbol, from, to);
    if (format) {
        auto const text = format->fill(spelled);
        if (!text) return std::nullopt;
        spelled.symbol = *text;
    }
    spelled.symbol = prefix + spelled.symbol + suffix;
    if (auto const found = table.find(spelled.symbol); found != table.end()) spelled.symbol = found->second;
    return spelled;
}

}  // namespace mds::codec
