#pragma once
// What an error rule asks of an answer.

#include <codec/provider_path.hpp>

#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace mds::codec {

/// An answer as rules see it. Views; lives for one judgement.
struct AnswerView {
    int status = 0;
    std::string_view content_type;
    std::string_view body;
    Json const* json = nullptr;  ///< the document, a table as an array of rows; nullptr: the body is neither
    bool is_table = false;       ///< it is the CSV table that was expected
};

/// A compiled pattern. Only the first `max_input` bytes are looked at: std::regex recurses once per character.
class Pattern {
public:
    static constexpr std::size_t max_input = 1024;
    /// ECMAScript, case ignored. nullopt where it does not compile.
    static std::optional<Pattern> parse(std::string const& text);
    bool found_in(std::string_view text) const noexcept;

private:
    std::shared_ptr<std::regex const> regex_;
};

/// What is asked of the value at a path.
enum class ValueTest {
    present,   ///< there, and not null
    absent,    ///< not there, or null
    empty,     ///< there, and null, "", [] or {}
    nonempty,  ///< there, and none of these
    equals,
    contains,  ///< one of the texts, case ignored
    matches,
};

/// All that is given must hold. Nothing given: always true.
struct Predicate {
    std::vector<int> status;                  ///< one of these; 4 stands for 4xx
    std::optional<bool> json;                 ///< the body is JSON, or is not
    std::vector<std::string> body_contains;   ///< one of these, case ignored, in the first 64 KiB
    std::optional<Pattern> body_matches;
    std::optional<Path> path;
    ValueTest test = ValueTest::present;
    std::vector<std::string> texts;           ///< equals, contains: one of these (numbers and booleans by their text)
    std::optional<Pattern> pattern;
    std::vector<Predicate> all;
    std::vector<Predicate> any;

    /// Paths start at `root`: the answer for error rules, the row for row error rules.
    bool holds(AnswerView const& answer, Json const* root, SpelledSymbol const& symbol) const;
};

/// The text of a string, number or boolean; nullopt for null, arrays and objects. A view into the document.
std::optional<std::string_view> scalar_text(Json const& value) noexcept;

}  // namespace mds::codec
