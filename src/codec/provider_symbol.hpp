#pragma once
// Our symbol in a provider's spelling, and templates that are filled with it.

#include <mds/domain/symbol.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mds::codec {

/// One symbol as a provider writes it. `base` and `quote` are empty where the symbol is no pair.
struct SpelledSymbol {
    std::string symbol;
    std::string base;
    std::string quote;
};

/// "{symbol}", "{base}" and "{quote}" between literal text. Literal text alone is a template, too.
class Template {
public:
    Template() = default;
    /// nullopt where a brace is unbalanced or a placeholder unknown.
    static std::optional<Template> parse(std::string_view text);
    static Template literal(std::string text);

    /// nullopt where it wants `base` or `quote` of something that is no pair.
    std::optional<std::string> fill(SpelledSymbol const& symbol) const;
    bool empty() const noexcept { return pieces_.empty(); }

private:
    enum class Kind { literal, symbol, base, quote };
    std::vector<std::pair<Kind, std::string>> pieces_;
};

enum class LetterCase { keep, upper, lower };

/// How a provider spells symbols. In this order: split into base and quote, their names, case, replacements, format, prefix and
/// suffix; a table goes before all of it, and once more behind it.
struct SymbolSpelling {
    std::map<std::string, std::string, std::less<>> table;  ///< our symbol, or what the rules make of it -> theirs
    std::map<std::string, std::string, std::less<>> parts;  ///< our base or quote -> theirs
    std::string separators;        ///< the first of these characters in our symbol splits base from quote
    std::size_t split_at = 0;      ///< without such a character: base is so many characters; 0: no pair
    std::string default_quote;     ///< without either: the whole symbol is the base, quoted in this; empty: no pair
    LetterCase letters = LetterCase::keep;
    std::vector<std::pair<std::string, std::string>> replace;
    std::optional<Template> format;
    std::string prefix;
    std::string suffix;
    bool pairs_only = false;          ///< the request names base and quote, so that nothing else can be asked for
    bool match_ignores_case = false;  ///< in row matches "[field={symbol}]" and in `echo`

    /// nullopt: the provider has no spelling for it (its format or its request wants a pair).
    std::optional<SpelledSymbol> spell(Symbol const& symbol) const;

private:
    std::string part(std::string const& ours) const;
    /// Fills base and quote; returns the symbol as these make it.
    std::string split(std::string const& ours, SpelledSymbol& spelled) const;
};

/// ASCII; locale plays no part.
std::string lower_ascii(std::string_view text);
std::string upper_ascii(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

}  // namespace mds::codec
