#include "modules/http/query.hpp"

#include "codec/nearest_name.hpp"
#include "modules/http/json_writer.hpp"

#include <algorithm>
#include <charconv>

namespace mds::http {
namespace {

std::string json_string(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            if (i + 2 >= text.size()) return std::nullopt;
            int const high = hex_digit(text[i + 1]);
            int const low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return out;
}

std::string unknown_name(std::string_view noun, std::string_view wrong, std::span<std::string_view const> known) {
    std::vector<std::string> const names(known.begin(), known.end());
    std::string message = "unknown " + std::string(noun) + " '" + std::string(wrong.substr(0, 64)) + "'";
    auto const near = codec::nearest_name(wrong, names);
    if (!near.empty()) return message + "; did you mean '" + std::string(near) + "'?";
    if (names.empty()) return message + "; there are none here";
    message += "; known: ";
    for (auto const& name : names) {
        if (&name != &names.front()) message += ", ";
        message += name;
    }
    return message;
}

Query::Query(std::string_view text, std::span<std::string_view const> known, Faults& faults) : faults_(faults) {
    while (!text.empty()) {
        auto const end = std::min(text.find('&'), text.size());
        if (end > 0) add(text.substr(0, end), known);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

void Query::add(std::string_view pair, std::span<std::string_view const> known) {
    auto const equals = std::min(pair.find('='), pair.size());
    auto const name = percent_decode(pair.substr(0, equals));
    auto const value = percent_decode(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value) {
        auto const shown = std::string(pair.substr(0, equals));
        return faults_.push_back(Fault("value_error", {"query", shown}, "parameter '" + shown + "' is not percent-encoded", json_string(pair)));
    }
    if (std::ranges::find(known, *name) == known.end()) {
        return faults_.push_back(Fault("extra_forbidden", {"query", *name}, unknown_name("parameter", *name, known), json_string(*value)));
    }
    if (has(*name)) return faults_.push_back(Fault("value_error", {"query", *name}, "parameter '" + *name + "' is repeated", json_string(*value)));
    parameters_.push_back({*name, *value});
    if (value->empty()) fault(*name, "string_too_short", "parameter '" + *name + "' is empty");
}

std::string const* Query::find(std::string_view name) const noexcept {
    auto const found = std::ranges::find(parameters_, name, &Parameter::name);
    return found == parameters_.end() ? nullptr : &found->value;
}

void Query::fault(std::string_view name, std::string type, std::string message) {
    std::string const* const value = find(name);
    faults_.push_back(Fault(std::move(type), {"query", std::string(name)}, std::move(message), value ? json_string(*value) : std::string()));
}

void Query::require(std::string_view name) {
    if (!has(name)) fault(name, "missing", "parameter '" + std::string(name) + "' is required");
}

std::optional<std::int64_t> Query::integer(std::string_view name, std::int64_t min, std::int64_t max) {
    std::string const* const text = find(name);
    if (text == nullptr || text->empty()) return std::nullopt;
    std::int64_t value = 0;
    auto const [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    std::string const subject = "parameter '" + std::string(name) + "'";
    if (end != text->data() + text->size() || error == std::errc::invalid_argument) {
        fault(name, "int_parsing", subject + " is not a whole number");
        return std::nullopt;
    }
    if (error == std::errc::result_out_of_range) value = text->front() == '-' ? min - 1 : max;
    if (value < min) {
        fault(name, "greater_than_equal", subject + " is less than " + std::to_string(min));
        return std::nullopt;
    }
    if (value > max || error == std::errc::result_out_of_range) {
        fault(name, "less_than_equal", subject + " is greater than " + std::to_string(max));
        return std::nullopt;
    }
    return value;
}

std::optional<UtcTime> parse_time_parameter(std::string_view text) {
    if (auto const time = parse_rfc3339(text)) return time;
    auto const space = text.rfind(' ');
    if (space != std::string_view::npos) {
        std::string repaired(text);
        repaired[space] = '+';
        if (auto const time = parse_rfc3339(repaired)) return time;
    }
    bool const negative = text.starts_with('-');
    std::string_view const digits = text.substr(negative ? 1 : 0);
    auto const point = std::min(digits.find('.'), digits.size());
    std::string_view fraction = digits.substr(std::min(point + 1, digits.size()));
    auto const all_digits = [](std::string_view s) { return std::ranges::all_of(s, [](char c) { return c >= '0' && c <= '9'; }); };
    if (point == 0 || point > 12 || !all_digits(digits.substr(0, point)) || !all_digits(fraction)) return std::nullopt;
    if (point < digits.size() && fraction.empty()) return std::nullopt;
    std::int64_t seconds = 0;
    std::from_chars(digits.data(), digits.data() + point, seconds);
    std::int64_t micros = 0;
    bool const beyond = std::ranges::any_of(fraction.substr(std::min<std::size_t>(6, fraction.size())), [](char c) { return c != '0'; });
    for (std::size_t i = 0; i < 6; ++i) micros = micros * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
    std::int64_t const sum = seconds * 1'000'000 + micros;
    std::int64_t const value = negative ? -sum - (beyond ? 1 : 0) : sum;  // floored
    constexpr std::int64_t year_1 = -62'135'596'800'000'000;
    constexpr std::int64_t year_10000 = 253'402'300'800'000'000;
    if (value < year_1 || value >= year_10000) return std::nullopt;
    return UtcTime(std::chrono::microseconds(value));
}

std::optional<UtcTime> Query::time(std::string_view name) {
    std::string const* const text = find(name);
    if (text == nullptr || text->empty()) return std::nullopt;
    auto const time = parse_time_parameter(*text);
    if (!time) fault(name, "datetime_parsing", "parameter '" + std::string(name) + "' is neither an RFC 3339 time nor epoch seconds");
    return time;
}

std::optional<Symbol> Query::symbol(std::string_view name, SymbolCase fold) {
    std::string const* const text = find(name);
    if (text == nullptr || text->empty()) return std::nullopt;
    auto symbol = Symbol::parse(*text, fold);
    if (!symbol) fault(name, "value_error", "parameter '" + std::string(name) + "' is not a symbol: 1-32 letters, digits and . - _ = ^ / :");
    return symbol;
}

std::optional<std::size_t> Query::choice(std::string_view name, std::span<std::string_view const> choices) {
    std::string const* const text = find(name);
    if (text == nullptr || text->empty()) return std::nullopt;
    auto const found = std::ranges::find(choices, *text);
    if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
    std::string message = "parameter '" + std::string(name) + "' is none of ";
    for (auto const& choice : choices) {
        if (&choice != &choices.front()) message += ", ";
        message += choice;
    }
    fault(name, "enum", std::move(message));
    return std::nullopt;
}

}  // namespace mds::http
