#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace mds {

enum class SymbolCase { upper, preserve };

/// What a client calls an instrument: 1-32 bytes of letters, digits and ". - _ = ^ / :". A provider's own spelling is the
/// catalogue's business and never shows. Immutable.
class Symbol {
public:
    static constexpr std::size_t max_size = 32;

    /// nullopt where the text breaks the rule above. `upper` folds ASCII letters.
    static std::optional<Symbol> parse(std::string_view text, SymbolCase fold = SymbolCase::upper);
    std::string const& str() const noexcept { return text_; }

    friend auto operator<=>(Symbol const&, Symbol const&) = default;

private:
    explicit Symbol(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

/// One price history: a symbol as one provider quotes it. Providers are never mixed.
struct Series {
    Symbol symbol;
    std::string provider;

    Series(Symbol s, std::string p) : symbol(std::move(s)), provider(std::move(p)) {}
    friend auto operator<=>(Series const&, Series const&) = default;
};

/// A provider's name as it stands in requests, rows and events: 1-64 of [a-z0-9_-].
bool is_provider_name(std::string_view text) noexcept;

}  // namespace mds

template <>
struct std::hash<mds::Symbol> {
    std::size_t operator()(mds::Symbol const& symbol) const noexcept { return std::hash<std::string_view>{}(symbol.str()); }
};

template <>
struct std::hash<mds::Series> {
    std::size_t operator()(mds::Series const& series) const noexcept {
        return std::hash<std::string_view>{}(series.symbol.str()) * 31 + std::hash<std::string_view>{}(series.provider);
    }
};
