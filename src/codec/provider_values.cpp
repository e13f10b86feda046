#include <codec/provider_values.hpp>

#include <algorithm>
#include <charconv>

namespace mds::codec {

namespace {

constexpr std::size_t longest_number = 64;  // a longer text is no number that anybody wants to read
constexpr std::size_t longest_currency = 16;

Reject no_data(std::string why) { return Reject(Outcome::no_data, std::move(why)); }

/// A text that is short and printable ASCII, whole; otherwise nothing: a part of a text may hold a part of a secret.
std::string shown(std::string_view text, std::size_t longest) {
    bool const plain = text.size() <= longest &&
                       std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
    return plain ? std::string(text) : std::string();
}

/// Shifts the decimal point by writing an exponent, so that the digits stay as they came. An exponent that is there is added to.
std::string scaled(std::string_view text, int power) {
    if (power == 0) return std::string(text);
    auto const e = text.find_first_of("eE");
    long exponent = 0;
    if (e != text.npos) {
        auto digits = text.substr(e + 1);
        if (digits.starts_with('+')) digits.remove_prefix(1);
        auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
        if (error != std::errc() || end != digits.data() + digits.size() || exponent > 10'000 || exponent < -10'000) return {};
    }
    return std::string(text.substr(0, e)) + "e" + std::to_string(exponent + power);
}

class RowReader {
public:
    RowReader(ProviderEntry const& entry, AnswerShape const& shape, AnswerView const& answer, Json const& row,
              SpelledSymbol const& symbol)
        : entry_(entry), shape_(shape), answer_(answer), row_(row), symbol_(symbol) {}

    /// The text of a number or string; nullopt where there is none.
    std::optional<std::string_view> text_at(Path const& path) const {
        auto const* value = path.find(row_, symbol_, entry_.spelling.match_ignores_case);
        if (value == nullptr || !(value->is_number() || value->is_string())) return std::nullopt;
        return scalar_text(*value);
    }

    /// Nothing, or what the row says it is about instead of our symbol.
    std::optional<std::string> foreign_name() const {
        for (auto const& [path, expected] : shape_.echo) {
            auto const said = text_at(path);
            auto const wanted = expected.fill(symbol_);
            if (!said || !wanted) continue;
            if (!(entry_.spelling.match_ignores_case ? equal_ignoring_case(*said, *wanted) : *said == *wanted)) return shown(*said, longest_number);
        }
        return std::nullopt;
    }

    QuoteTime time_of(ValueGroup const& group) const {
        return find_time(*group.time, row_, symbol_, entry_.spelling.match_ignores_case);
    }

    ScaleRule const* scale() const {
        for (auto const& rule : shape_.scale) {
            if (!rule.when || rule.when->holds(answer_, &row_, symbol_)) return &rule;
        }
        return nullptr;
    }

    std::string currency(ScaleRule const* scale) const {
        if (scale != nullptr && !scale->currency.empty()) return scale->currency;
        auto const said = shape_.currency ? text_at(*shape_.currency) : std::nullopt;
        return said ? shown(*said, longest_currency) : upper_ascii(shape_.currency_text.fill(symbol_).value_or(""));
    }

private:
    ProviderEntry const& entry_;
    AnswerShape const& shape_;
    AnswerView const& answer_;
    Json const& row_;
    SpelledSymbol const& symbol_;
};

/// True where the text is a number and that number is zero: no digit but 0 before the exponent.
bool is_zero(std::string_view text) noexcept {
    auto const mantissa = text.substr(0, text.find_first_of("eE"));
    return mantissa.find('0') != mantissa.npos && mantissa.find_first_not_of("+-0.") == mantissa.npos;
}

Reject refuse_price(ProviderEntry const& entry, std::string_view text, PriceFault fault) {
    auto const price = "price '" + shown(text, longest_number) + "' ";
    switch (fault) {
        case PriceFault::not_positive:
            if (entry.zero_means_unknown && is_zero(text)) {
                return Reject(Outcome::unknown_symbol, price + "is how the provider says that it does not know the symbol");
            }
            return no_data(price + "is not above zero");
        case PriceFault::out_of_range: return no_data(price + "is out of range");
        default: return no_data(price + "is not a number");
    }
}

Verdict read_group(ProviderEntry const& entry, RowReader const& row, ValueGroup const& group, std::string_view price_text,
                   QuoteTime const& time, UtcTime received_at) {
    auto const* scale = row.scale();
    auto const parsed = Price::parse(scaled(price_text, scale == nullptr ? 0 : scale->power_of_ten));
    if (!parsed.price) return refuse_price(entry, price_text, parsed.fault);
    if (time.state == QuoteTime::State::unreadable) {
        return Reject(Outcome::malformed, "the time of the quote cannot be read");
    }
    bool const has_time = time.state == QuoteTime::State::found;
    JudgedQuote quote(*parsed.price, has_time ? time.at : received_at, has_time ? time.source : TimeSource::receive);
    quote.rounded = parsed.rounded;
    quote.currency = row.currency(scale);
    if (group.volume) quote.volume = shown(row.text_at(*group.volume).value_or(""), longest_number);
    return quote;
}

}  // namespace

Verdict read_values(ProviderEntry const& entry, AnswerShape const& shape, AnswerView const& answer, Json const& row,
                    SpelledSymbol const& symbol, UtcTime received_at) {
    RowReader const reader(entry, shape, answer, row, symbol);
    if (auto const other = reader.foreign_name()) {
        return Reject(Outcome::malformed, "the answer is about '" + *other + "' instead");
    }
    bool price_without_time = false;
    for (auto const& group : shape.values) {
        auto const price = reader.text_at(group.price);
        if (!price || price->empty()) continue;
        auto const time = group.time ? reader.time_of(group) : QuoteTime{};
        bool const complete = !group.time || group.time_may_be_absent || time.state != QuoteTime::State::absent;
        // A price of zero says the same whether a time stands beside it or not (Finnhub's unknown symbol has neither).
        if (complete || is_zero(*price)) return read_group(entry, reader, group, *price, time, received_at);
        price_without_time = true;
    }
    return no_data(price_without_time ? "the answer holds a price without its time" : "the answer holds no price");
}

}  // namespace mds::codec
