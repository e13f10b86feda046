#include <codec/catalogue_fields.hpp>

#include <codec/nearest_name.hpp>

namespace mds::codec {

namespace {

constexpr std::array outcomes{Outcome::unknown_symbol, Outcome::bad_symbol_in_batch, Outcome::batch_too_large,
                              Outcome::rate_limited,   Outcome::quota_exhausted,     Outcome::auth,
                              Outcome::entitlement,    Outcome::bad_request,         Outcome::banned,
                              Outcome::blocked,        Outcome::unavailable,         Outcome::no_data,
                              Outcome::malformed,      Outcome::unclassified_error};

std::vector<std::string> lowered(std::vector<std::string> words) {
    for (auto& word : words) word = lower_ascii(word);
    return words;
}

/// 404, "4xx", or an array of these; "4xx" becomes 4.
std::vector<int> read_status(ObjectFields& fields) {
    auto const* json = fields.find("status");
    if (json == nullptr) return {};
    std::vector<int> out;
    auto const add = [&](Json const& item) {
        auto const number = item.integer();
        if (number && *number >= 100 && *number <= 599) {
            out.push_back(static_cast<int>(*number));
        } else if (item.is_string() && item.text().size() == 3 && item.text()[0] >= '1' && item.text()[0] <= '5' &&
                   item.text().ends_with("xx")) {
            out.push_back(item.text()[0] - '0');
        } else {
            fields.fault("status", "must be a status such as 404 or \"4xx\", or an array of these");
        }
    };
    if (json->is_array()) {
        for (auto const& item : json->items()) add(item);
        if (json->items().empty()) fields.fault("status", "must not be empty");
    } else {
        add(*json);
    }
    return out;
}

std::optional<Pattern> read_pattern(ObjectFields& fields, std::string const& key) {
    auto const* json = fields.find(key);
    if (json == nullptr) return std::nullopt;
    auto pattern = json->is_string() && !json->text().empty() ? Pattern::parse(json->text()) : std::nullopt;
    if (!pattern) fields.fault(key, "must be a regular expression");
    return pattern;
}

std::vector<std::string> read_equals(ObjectFields& fields) {
    auto const* json = fields.find("equals");
    if (json == nullptr) return {};
    std::vector<std::string> out;
    auto const add = [&](Json const& item) {
        if (auto const text = scalar_text(item))
            out.emplace_back(*text);
        else
            fields.fault("equals", "must be a text, number or boolean, or an array of these");
    };
    if (json->is_array()) {
        for (auto const& item : json->items()) add(item);
    } else {
        add(*json);
    }
    if (json->is_array() && json->items().empty()) fields.fault("equals", "must not be empty");
    return out;
}

/// The test of the value at `path`: "is", "equals", "contains" or "matches", exactly one of them.
void read_value_test(ObjectFields& fields, Predicate& rule) {
    constexpr std::array<std::pair<std::string_view, ValueTest>, 4> states{{{"present", ValueTest::present},
                                                                            {"absent", ValueTest::absent},
                                                                            {"empty", ValueTest::empty},
                                                                            {"nonempty", ValueTest::nonempty}}};
    auto const before = fields.problems().size();
    int tests = 0;
    rule.path = fields.path("path");
    rule.test = fields.choice("is", states, ValueTest::matches);
    if (rule.test != ValueTest::matches) ++tests;
    if (auto texts = read_equals(fields); !texts.empty()) {
        rule.test = ValueTest::equals;
        rule.texts = std::move(texts);
        ++tests;
    }
    if (auto words = lowered(fields.texts("contains")); !words.empty()) {
        rule.test = ValueTest::contains;
        rule.texts = std::move(words);
        ++tests;
    }
    if (auto pattern = read_pattern(fields, "matches")) {
        rule.test = ValueTest::matches;
        rule.pattern = std::move(pattern);
        ++tests;
    }
    if (fields.problems().size() > before) return;
    if (rule.path && tests != 1) fields.fault("path", "wants exactly one of is, equals, contains, matches beside it");
    if (!rule.path && tests != 0) fields.fault("path", "is missing");
}

std::vector<Predicate> read_parts(ObjectFields& fields, std::string const& key) {
    auto const* json = fields.find(key);
    if (json == nullptr) return {};
    std::vector<Predicate> parts;
    constexpr auto fault = "must be an array of conditions";
    for (auto& part : objects_of(fields, key, fault)) parts.push_back(read_predicate(std::move(part)));
    if (json->is_array() && parts.empty()) fields.fault(key, fault);
    return parts;
}

ErrorRule read_rule(ObjectFields fields) {
    ErrorRule rule;
    auto const* when = fields.find("when");
    if (when == nullptr || (when->is_object() && when->items().empty())) fields.fault("when", "must say when the rule holds");
    rule.when = read_predicate(ObjectFields(when, fields.path_of("when"), fields.problems()));
    rule.outcome = read_outcome(fields, "outcome", Outcome::unclassified_error, true);
    rule.reason = fields.path("reason");
    auto offender = fields.object("offender");
    rule.offender = offender.path("path", offender.is_there());
    rule.offender_after = offender.text("after");
    offender.finish();
    if (auto const wait = fields.integer("retry_after", 0, 3600)) rule.retry_after = std::chrono::seconds(*wait);
    fields.finish();
    return rule;
}

}  // namespace

Outcome read_outcome(ObjectFields& fields, std::string const& key, Outcome fallback, bool required) {
    auto const before = fields.problems().size();
    auto const name = fields.text(key, required);
    if (name.empty() || fields.problems().size() > before) return fallback;
    std::vector<std::string> known;
    for (auto const outcome : outcomes) {
        if (to_string(outcome) == name) return outcome;
        known.emplace_back(to_string(outcome));
    }
    auto const near = nearest_name(name, known);
    fields.fault(key, "'" + name + "' is no outcome" + (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?"));
    return fallback;
}

Predicate read_predicate(ObjectFields fields) {
    Predicate rule;
    rule.status = read_status(fields);
    if (fields.find("json") != nullptr) rule.json = fields.flag("json");
    rule.body_contains = lowered(fields.texts("body_contains"));
    rule.body_matches = read_pattern(fields, "body_matches");
    read_value_test(fields, rule);
    rule.all = read_parts(fields, "all");
    rule.any = read_parts(fields, "any");
    fields.finish();
    return rule;
}

std::vector<ErrorRule> read_rules(ObjectFields& parent, std::string const& key) {
    std::vector<ErrorRule> rules;
    for (auto& rule : objects_of(parent, key, "must be an array of rules")) rules.push_back(read_rule(std::move(rule)));
    return rules;
}

}  // namespace mds::codec
