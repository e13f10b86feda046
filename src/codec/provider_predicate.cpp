#include <codec/provider_predicate.hpp>

#include <algorithm>

namespace mds::codec {

namespace {

constexpr std::size_t max_searched = 64 * 1024;

/// `words` are lower case.
bool contains_any(std::string_view text, std::vector<std::string> const& words) {
    auto const lowered = lower_ascii(text.substr(0, max_searched));
    return std::any_of(words.begin(), words.end(), [&](auto const& word) { return lowered.find(word) != lowered.npos; });
}

bool status_matches(int status, std::vector<int> const& wanted) noexcept {
    return std::any_of(wanted.begin(), wanted.end(), [&](int w) { return w < 10 ? status / 100 == w : status == w; });
}

bool is_empty(Json const& value) noexcept {
    if (value.is_array() || value.is_object()) return value.items().empty();
    return value.is_null() || (value.is_string() && value.text().empty());
}

bool value_passes(Predicate const& rule, Json const* value) {
    bool const there = value != nullptr && !value->is_null();
    switch (rule.test) {
        case ValueTest::present: return there;
        case ValueTest::absent: return !there;
        case ValueTest::empty: return value != nullptr && is_empty(*value);
        case ValueTest::nonempty: return value != nullptr && !is_empty(*value);
        default: break;
    }
    auto const text = there ? scalar_text(*value) : std::nullopt;
    if (!text) return false;
    if (rule.test == ValueTest::equals) return std::find(rule.texts.begin(), rule.texts.end(), *text) != rule.texts.end();
    if (rule.test == ValueTest::contains) return contains_any(*text, rule.texts);
    return rule.pattern && rule.pattern->found_in(*text);
}

}  // namespace

std::optional<std::string_view> scalar_text(Json const& value) noexcept {
    switch (value.kind()) {
        case Json::Kind::string:
        case Json::Kind::number: return value.text();
        case Json::Kind::boolean: return value.boolean() ? "true" : "false";
        default: return std::nullopt;
    }
}

std::optional<Pattern> Pattern::parse(std::string const& text) {
    try {
        Pattern pattern;
        pattern.regex_ = std::make_shared<std::regex const>(text, std::regex::ECMAScript | std::regex::icase | std::regex::nosubs);
        return pattern;
    } catch (std::regex_error const&) {
        return std::nullopt;
    }
}

bool Pattern::found_in(std::string_view text) const noexcept {
    auto const part = text.substr(0, max_input);
    try {
        return std::regex_search(part.begin(), part.end(), *regex_);
    } catch (std::exception const&) {  // too complex for this input: not found
        return false;
    }
}

bool Predicate::holds(AnswerView const& answer, Json const* root, SpelledSymbol const& symbol) const {
    if (!status.empty() && !status_matches(answer.status, status)) return false;
    if (json && *json != (answer.json != nullptr)) return false;
    if (!body_contains.empty() && !contains_any(answer.body, body_contains)) return false;
    if (body_matches && !body_matches->found_in(answer.body)) return false;
    if (path) {
        auto const* value = root == nullptr ? nullptr : path->find(*root, symbol, false);
        if (root == nullptr || !value_passes(*this, value)) return false;
    }
    auto const held = [&](Predicate const& part) { return part.holds(answer, root, symbol); };
    return std::all_of(all.begin(), all.end(), held) && (any.empty() || std::any_of(any.begin(), any.end(), held));
}

}  // namespace mds::codec
