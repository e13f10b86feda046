#pragma once
// Where something stands in an answer: JSON Pointer (RFC 6901) with what real answers need beyond it.
//
//   /Global Quote/05. price     plain pointer; ~0 is '~', ~1 is '/'
//   /trades/{symbol}/p          placeholders as a key or inside one
//   /results/-1                 index from the end of an array
//   /result/*/c                 the only member; nothing where there are several
//   /tickers[ticker={symbol}]   the only element of an array whose field says so; nothing where several do
//   /[CURRENCY={quote},last]    the last element whose field says so (rows of a table in the order of time)
//   (empty)                     the whole answer

#include <codec/json_document.hpp>
#include <codec/provider_symbol.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mds::codec {

/// Compiled once, evaluated against many answers. Immutable after parse.
class Path {
public:
    Path() = default;
    /// nullopt where it is not of the form above.
    static std::optional<Path> parse(std::string_view text);

    /// What stands there, or nullptr. `symbol` fills the placeholders.
    Json const* find(Json const& root, SpelledSymbol const& symbol, bool ignore_case) const;
    std::string const& text() const noexcept { return text_; }
    bool empty() const noexcept { return steps_.empty(); }
    /// False: what it finds is the same for every symbol.
    bool names_symbol() const noexcept { return text_.find('{') != std::string::npos; }

private:
    struct Step {
        enum class Kind { key, only, match } kind = Kind::key;
        Template key;                         ///< key: member or index; match: the value looked for
        std::vector<std::string> field;       ///< match: where in an element
        bool last = false;                    ///< match: the last of several, not the only one
    };
    static std::optional<std::vector<Step>> parse_segment(std::string_view segment);

    std::string text_;
    std::vector<Step> steps_;
};

}  // namespace mds::codec
