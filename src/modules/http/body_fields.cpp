#include "modules/http/body_fields.hpp"

#include "modules/http/query.hpp"

#include <algorithm>
#include <utility>

namespace mds::http {

using codec::Json;

bool is_json_type(std::string_view type) {
    type = type.substr(0, type.find(';'));
    while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
    std::string lower(type);
    std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return lower == "application/json" || (lower.starts_with("application/") && lower.ends_with("+json"));
}

BodyOr<Json> read_object(Request const& request) {
    if (request.has_content_type && !is_json_type(request.content_type)) {
        return problem(request, 415, "the body must be application/json");
    }
    if (request.body.empty()) return problem(request, 400, "the body is empty");
    codec::JsonLimits limits;
    limits.duplicates = codec::DuplicateKeys::refuse;
    auto json = Json::parse(request.body, limits);
    if (!json) return problem(request, 400, "the body is not JSON: " + json.error().message);
    if (!json->is_object()) {
        Faults const faults{Fault("model_type", {"body"}, "the body is not an object", json->to_string())};
        return unprocessable(request, faults);
    }
    return std::move(*json);
}

Fields::Fields(Json const& object, std::span<std::string_view const> known) : object_(object) {
    for (std::size_t i = 0; i < object.keys().size(); ++i) {
        std::string const& key = object.keys()[i];
        if (std::ranges::find(known, key) != known.end()) continue;
        faults.push_back(Fault("extra_forbidden", {"body", key}, unknown_name("field", key, known), object.items()[i].to_string()));
    }
}

void Fields::fault(std::vector<std::string> where, std::string type, std::string message, Json const* input) {
    where.insert(where.begin(), "body");
    faults.push_back(Fault(std::move(type), std::move(where), std::move(message), input != nullptr ? input->to_string() : std::string()));
}

void Fields::missing(std::string_view name) {
    fault({std::string(name)}, "missing", "field '" + std::string(name) + "' is required", nullptr);
}

void read_symbol(Fields& fields, std::vector<std::string> where, Json const& item, SymbolCase fold, std::vector<Symbol>& symbols) {
    if (!item.is_string()) return fields.fault(std::move(where), "string_type", "a symbol is a string", &item);
    auto symbol = Symbol::parse(item.text(), fold);
    if (!symbol) {
        return fields.fault(std::move(where), "value_error", "'" + item.text().substr(0, 64) + "' is not a symbol: 1-32 letters, digits and . - _ = ^ / :",
                            &item);
    }
    if (std::ranges::find(symbols, *symbol) == symbols.end()) symbols.push_back(std::move(*symbol));
}

}  // namespace mds::http
