#include <codec/provider_judge.hpp>

#include <codec/csv_document.hpp>
#include <codec/provider_values.hpp>

#include <algorithm>

namespace mds::codec {

namespace {

/// Rejects for every symbol alike.
std::vector<Verdict> all_rejected(std::size_t count, Outcome outcome, std::string const& reason) {
    return std::vector<Verdict>(count, Reject(outcome, reason));
}

/// One line for people: control characters become blanks, the length is bounded, and no character is cut in two.
std::string one_line(std::string_view text) {
    std::string line(text.substr(0, max_reason));
    if (text.size() > max_reason) {
        while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0) == 0x80) line.pop_back();
        if (!line.empty() && static_cast<unsigned char>(line.back()) >= 0xC0) line.pop_back();
    }
    std::replace_if(line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
    return line;
}

std::string words_at(std::optional<Path> const& path, Json const* root, SpelledSymbol const& symbol) {
    auto const* value = path && root != nullptr ? path->find(*root, symbol, false) : nullptr;
    auto const text = value == nullptr ? std::nullopt : scalar_text(*value);
    return text ? one_line(*text) : std::string();
}

std::string describe(ErrorRule const& rule, AnswerView const& answer, Json const* root, SpelledSymbol const& symbol) {
    auto const words = words_at(rule.reason, root, symbol);
    auto const status = "status " + std::to_string(answer.status);
    return words.empty() ? std::string(to_string(rule.outcome)) + " by the provider's answer, " + status : words;
}

bool has_shape(Json const& value, JsonShape shape) noexcept {
    switch (shape) {
        case JsonShape::any: return !value.is_null();
        case JsonShape::object: return value.is_object();
        case JsonShape::array: return value.is_array();
        case JsonShape::string: return value.is_string();
        case JsonShape::number: return value.is_number();
    }
    return false;
}

/// The name behind the words of a message: up to a blank, quote, comma or the end.
std::string named_offender(ErrorRule const& rule, Json const* root) {
    auto const text = words_at(rule.offender, root, {});
    auto const at = text.find(rule.offender_after);
    if (at == text.npos || !rule.offender) return {};
    auto const rest = std::string_view(text).substr(at + rule.offender_after.size());
    return std::string(rest.substr(0, rest.find_first_of(" ,;'\"")));
}

/// The shapes that an answer about so many symbols may have, the one that the request asks for first. Where several were asked for,
/// only shapes that tell them apart.
std::vector<AnswerShape const*> shapes_of(ProviderEntry const& entry, std::size_t symbols) {
    std::vector<AnswerShape const*> shapes;
    auto const add = [&](AnswerShape const& shape) {
        if (symbols == 1 || shape.tells_apart()) shapes.push_back(&shape);
    };
    if (symbols > 1 && entry.batch) add(entry.batch->answer);
    else add(entry.answer);
    if (symbols == 1 && entry.batch && entry.batch->answer.success) add(entry.batch->answer);
    for (auto const& shape : entry.also) add(shape);
    return shapes;
}

class Judge {
public:
    Judge(ProviderEntry const& entry, std::span<Symbol const> symbols, AnswerView const& answer)
        : entry_(entry), symbols_(symbols), answer_(answer), shapes_(shapes_of(entry, symbols.size())) {
        for (auto const& symbol : symbols) spelled_.push_back(entry.spelling.spell(symbol).value_or(SpelledSymbol{}));
    }

    Judgement operator()(UtcTime received_at) const {
        Judgement result;
        if (auto const* rule = first_holding(entry_.errors, answer_.json, first())) {
            result.retry_after = rule->retry_after;
            result.verdicts = by_rule(*rule);
        } else if (auto const outcome = outcome_of_status(answer_.status, symbols_.size())) {
            result.verdicts = all_rejected(symbols_.size(), *outcome, "status " + std::to_string(answer_.status));
        } else if (answer_.json == nullptr || (!entry_.csv_columns.empty() && !answer_.is_table)) {
            result.verdicts = all_rejected(symbols_.size(), Outcome::malformed,
                                           entry_.csv_columns.empty() ? "the answer is not JSON" : "the answer is not the table asked for");
        } else if (shapes_.empty()) {
            result.verdicts = all_rejected(symbols_.size(), Outcome::batch_too_large, "this provider answers one symbol at a time");
        } else if (auto const* shape = shape_of_answer(); shape == nullptr) {
            result.verdicts = all_rejected(symbols_.size(), Outcome::unclassified_error,
                                           "nothing at '" + shapes_.front()->success->path.text() + "', where every success has its data");
        } else {
            for (auto const& symbol : spelled_) result.verdicts.push_back(row_verdict(*shape, symbol, received_at, result));
        }
        return result;
    }

private:
    ErrorRule const* first_holding(std::vector<ErrorRule> const& rules, Json const* root, SpelledSymbol const& symbol) const {
        auto const found = std::find_if(rules.begin(), rules.end(),
                                        [&](ErrorRule const& rule) { return rule.when.holds(answer_, root, symbol); });
        return found == rules.end() ? nullptr : &*found;
    }

    SpelledSymbol const& first() const noexcept { return spelled_.front(); }

    std::vector<Verdict> by_rule(ErrorRule const& rule) const {
        auto const reason = describe(rule, answer_, answer_.json, first());
        if (rule.outcome != Outcome::bad_symbol_in_batch) return all_rejected(symbols_.size(), rule.outcome, reason);
        return blame(symbols_, spelled_, named_offender(rule, answer_.json), reason);
    }

    AnswerShape const* shape_of_answer() const {
        auto const found = std::find_if(shapes_.begin(), shapes_.end(), [&](auto const* shape) { return in_envelope(*shape); });
        return found == shapes_.end() ? nullptr : *found;
    }

    /// One that names the symbol holds where it holds for any of them: the others may be unknown.
    bool in_envelope(AnswerShape const& shape) const {
        if (!shape.success) return true;
        auto const holds = [&](SpelledSymbol const& symbol) {
            auto const* value = shape.success->path.find(*answer_.json, symbol, entry_.spelling.match_ignores_case);
            return value != nullptr && has_shape(*value, shape.success->shape);
        };
        return shape.success->path.names_symbol() ? std::any_of(spelled_.begin(), spelled_.end(), holds) : holds(first());
    }

    Verdict row_verdict(AnswerShape const& shape, SpelledSymbol const& symbol, UtcTime received_at, Judgement& judgement) const {
        if (symbol.symbol.empty()) return Reject(Outcome::unknown_symbol, "the provider has no spelling for this symbol");
        auto const* row = shape.row.find(*answer_.json, symbol, entry_.spelling.match_ignores_case);
        if (row == nullptr || row->is_null()) {
            return Reject(shape.row_absent, "the answer has nothing about " + symbol.symbol);
        }
        if (auto const* rule = first_holding(shape.row_errors, row, symbol)) {
            if (rule->retry_after) judgement.retry_after = std::max(rule->retry_after, judgement.retry_after);
            return Reject(rule->outcome, describe(*rule, answer_, row, symbol));
        }
        return read_values(entry_, shape, answer_, *row, symbol, received_at);
    }

    ProviderEntry const& entry_;
    std::span<Symbol const> symbols_;
    AnswerView const& answer_;
    std::vector<AnswerShape const*> shapes_;
    std::vector<SpelledSymbol> spelled_;
};

}  // namespace

bool AnswerShape::tells_apart() const {
    if (row.names_symbol()) return true;
    return std::all_of(values.begin(), values.end(), [](ValueGroup const& group) { return group.price.names_symbol(); });
}

std::optional<Outcome> outcome_of_status(int status, std::size_t symbols) noexcept {
    if (status >= 200 && status < 300) return std::nullopt;
    switch (status) {
        case 401:
        case 403:
        case 407: return Outcome::auth;
        case 402: return Outcome::entitlement;
        case 404:
        case 410: return Outcome::unclassified_error;
        case 408: return Outcome::unavailable;
        case 413:
        case 414: return symbols > 1 ? Outcome::batch_too_large : Outcome::bad_request;
        case 429: return Outcome::rate_limited;
        case 451: return Outcome::blocked;
        default: break;
    }
    if (status >= 500) return Outcome::unavailable;
    return status >= 400 ? Outcome::bad_request : Outcome::unclassified_error;
}

std::vector<Verdict> blame(std::span<Symbol const> symbols, std::span<SpelledSymbol const> spelled, std::string_view offender,
                           std::string const& reason) {
    std::vector<Verdict> verdicts;
    for (std::size_t i = 0; i < symbols.size(); ++i) {
        bool const guilty = symbols.size() == 1 || (!offender.empty() && equal_ignoring_case(spelled[i].symbol, offender));
        verdicts.emplace_back(Reject(guilty ? Outcome::unknown_symbol : Outcome::bad_symbol_in_batch, reason));
    }
    return verdicts;
}

Judgement judge(ProviderEntry const& entry, std::span<Symbol const> symbols, ProviderAnswer const& answer, UtcTime received_at) {
    if (symbols.empty()) return {};
    if (answer.truncated) {
        auto const outcome = outcome_of_status(answer.status, symbols.size()).value_or(Outcome::malformed);
        return {all_rejected(symbols.size(), outcome, "the answer is larger than the limit"), std::nullopt};
    }
    JsonLimits limits;
    limits.max_bytes = answer.body.size();
    auto const table = entry.csv_columns.empty() ? std::nullopt : parse_csv(answer.body, entry.csv_columns);
    auto const json = table ? Result<Json>(*table) : Json::parse(answer.body, limits);
    // An error of a provider of tables may be JSON: rules see it, but no table can be read from it.
    AnswerView const view{answer.status, answer.content_type, answer.body, json ? &*json : nullptr, table.has_value()};
    return Judge(entry, symbols, view)(received_at);
}

}  // namespace mds::codec
