#include "modules/http/job_body.hpp"

#include "modules/http/body_fields.hpp"
#include "modules/http/query.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <utility>
#include <vector>

namespace mds::http {
namespace {

using codec::Json;

/// From "symbols" or "symbol". Empty where neither is there, or with faults.
std::vector<Symbol> read_symbols(Fields& fields, SymbolCase fold) {
    std::vector<Symbol> symbols;
    Json const* const list = fields.find("symbols");
    Json const* const one = fields.find("symbol");
    if (list != nullptr && one != nullptr) {
        fields.fault({"symbol"}, "value_error", "'symbol' and 'symbols' exclude each other", one);
    } else if (one != nullptr) {
        read_symbol(fields, {"symbol"}, *one, fold, symbols);
    } else if (list != nullptr && !list->is_array()) {
        fields.fault({"symbols"}, "list_type", "'symbols' is a list of strings", list);
    } else if (list != nullptr) {
        if (list->items().empty()) fields.fault({"symbols"}, "too_short", "'symbols' is empty", list);
        if (list->items().size() > max_job_symbols) {
            fields.fault({"symbols"}, "too_long", "more than 1000 symbols: " + std::to_string(list->items().size()), nullptr);
            return symbols;
        }
        for (std::size_t i = 0; i < list->items().size(); ++i) {
            read_symbol(fields, {"symbols", std::to_string(i)}, list->items()[i], fold, symbols);
        }
    }
    return symbols;
}

/// Whole seconds of a JSON number: "60", and "60.0", which is the same number.
std::optional<std::int64_t> whole_number(Json const& number) {
    std::string_view text = number.text();
    auto const point = text.find('.');
    if (point != std::string_view::npos && text.find_first_not_of('0', point + 1) == std::string_view::npos) text = text.substr(0, point);
    std::int64_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end != text.data() + text.size() || error == std::errc::invalid_argument) return std::nullopt;
    if (error == std::errc::result_out_of_range) return text.starts_with('-') ? -1 : max_interval.count() + 1;
    return value;
}

std::optional<std::chrono::seconds> read_interval(Fields& fields) {
    Json const* const value = fields.find("interval");
    if (value == nullptr) return std::nullopt;
    auto const bad = [&](char const* type, std::string message) {
        fields.fault({"interval"}, type, std::move(message), value);
        return std::nullopt;
    };
    std::optional<std::chrono::seconds> interval;
    if (value->is_number()) {
        auto const seconds = whole_number(*value);
        if (!seconds) return bad("int_from_float", "'interval' is not a whole number of seconds");
        interval = std::chrono::seconds(*seconds);
    } else if (value->is_string()) {
        interval = parse_duration(value->text());
        if (!interval) return bad("value_error", "'interval' is whole seconds, or digits and one of s, m, h, as \"5m\"");
    } else {
        return bad("int_type", "'interval' is whole seconds, or a string as \"5m\"");
    }
    if (*interval < min_interval) return bad("greater_than_equal", "'interval' is less than 1 second");
    if (*interval > max_interval) return bad("less_than_equal", "'interval' is greater than 86400 seconds");
    return interval;
}

struct Providers {
    std::vector<std::string> names;
    bool is_list = false;
};

std::optional<Providers> read_providers(Fields& fields) {
    Json const* const value = fields.find("provider");
    // Clients that serialise an optional field send null for one that is not set.
    if (value == nullptr || value->is_null()) return std::nullopt;
    Providers providers;
    providers.is_list = value->is_array();
    auto const add = [&](Json const& item, std::vector<std::string> where) {
        if (!item.is_string()) return fields.fault(std::move(where), "string_type", "a provider is a string", &item);
        if (item.text().empty()) return fields.fault(std::move(where), "string_too_short", "a provider's name is empty", &item);
        if (std::ranges::find(providers.names, item.text()) == providers.names.end()) providers.names.push_back(item.text());
    };
    if (!providers.is_list) {
        add(*value, {"provider"});
    } else if (value->items().empty()) {
        fields.fault({"provider"}, "too_short", "'provider' is an empty list", value);
    } else {
        for (std::size_t i = 0; i < value->items().size(); ++i) add(value->items()[i], {"provider", std::to_string(i)});
    }
    return providers;
}

}  // namespace

std::optional<std::chrono::seconds> parse_duration(std::string_view text) noexcept {
    if (text.size() < 2) return std::nullopt;
    std::int64_t unit = 0;
    switch (text.back()) {
        case 's': unit = 1; break;
        case 'm': unit = 60; break;
        case 'h': unit = 3600; break;
        default: return std::nullopt;
    }
    std::uint32_t count = 0;
    auto const digits = text.substr(0, text.size() - 1);
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return std::chrono::seconds(count * unit);
}

BodyOr<JobConfig> read_job(Request const& request, Options const& options) {
    static constexpr std::array<std::string_view, 4> known{"symbols", "symbol", "interval", "provider"};
    auto object = read_object(request);
    if (auto* const refused = std::get_if<Reply>(&object)) return std::move(*refused);
    Fields fields(std::get<Json>(object), known);
    JobConfig config;
    config.symbols = read_symbols(fields, options.symbol_case);
    if (fields.find("symbols") == nullptr && fields.find("symbol") == nullptr) fields.missing("symbols");
    if (auto const interval = read_interval(fields)) config.interval = *interval;
    if (fields.find("interval") == nullptr) fields.missing("interval");
    auto providers = read_providers(fields);
    if (!fields.faults.empty()) return unprocessable(request, fields.faults);
    config.providers = providers ? std::move(providers->names) : std::vector<std::string>{options.default_provider};
    config.provider_is_list = providers && providers->is_list;
    return config;
}

BodyOr<JobPatch> read_patch(Request const& request, Options const& options) {
    static constexpr std::array<std::string_view, 3> known{"symbols", "interval", "provider"};
    auto object = read_object(request);
    if (auto* const refused = std::get_if<Reply>(&object)) return std::move(*refused);
    Json const& json = std::get<Json>(object);
    Fields fields(json, known);
    JobPatch patch;
    if (json.find("symbols") != nullptr) patch.symbols = read_symbols(fields, options.symbol_case);
    patch.interval = read_interval(fields);
    if (auto providers = read_providers(fields)) {
        patch.providers = std::move(providers->names);
        patch.provider_is_list = providers->is_list;
    }
    if (json.keys().empty()) fields.fault({}, "missing", "nothing to change: give interval, symbols or provider", &json);
    if (!fields.faults.empty()) return unprocessable(request, fields.faults);
    return patch;
}

std::optional<Reply> refuse_body(Request const& request) {
    if (request.body.empty()) {
        if (!request.has_content_type || is_json_type(request.content_type)) return std::nullopt;
        return problem(request, 415, "the body must be application/json");
    }
    auto object = read_object(request);
    if (auto* const refused = std::get_if<Reply>(&object)) return std::move(*refused);
    Fields const fields(std::get<Json>(object), {});
    if (!fields.faults.empty()) return unprocessable(request, fields.faults);
    return std::nullopt;
}

}  // namespace mds::http
