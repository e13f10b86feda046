#include "modules/http/provider_json.hpp"

#include "modules/http/json_writer.hpp"

namespace mds::http {
namespace {

void write_names(JsonWriter& json, ProviderTraits const& traits) {
    json.key("name").string(traits.name).key("aliases").begin_array();
    for (auto const& alias : traits.aliases) json.string(alias);
    json.end_array().key("status").string(traits.missing_secret.empty() ? "enabled" : "needs " + traits.missing_secret);
}

void write_keys(JsonWriter& json, ProviderTraits const& traits) {
    json.key("keys").begin_array();
    for (auto const& key : traits.keys) {
        json.begin_object().key("variable").string(key.variable).key("present").boolean(key.present).end_object();
    }
    json.end_array();
}

void write_breaker(JsonWriter& json, ProviderStatus const& status) {
    json.key("breaker").begin_object().key("state").string(status.breaker ? "open" : "closed");
    if (status.breaker) {
        json.key("outcome").string(to_string(status.breaker->why)).key("until").string(format_rfc3339(status.breaker->until));
    }
    json.end_object();
}

void write_hold(JsonWriter& json, ProviderStatus const& status) {
    json.key("waiting");
    if (!status.hold) {
        json.null();
        return;
    }
    json.begin_object().key("outcome").string(to_string(status.hold->why));
    json.key("until").string(format_rfc3339(status.hold->until)).end_object();
}

void write_quota(JsonWriter& json, ProviderStatus const& status) {
    json.key("quota").begin_array();
    auto const& windows = status.traits.quota;
    auto const& left = status.condition.quota_left;
    for (std::size_t i = 0; i < windows.size() && i < left.size(); ++i) {
        json.begin_object().key("limit").integer(static_cast<std::int64_t>(windows[i].limit));
        json.key("per").integer(windows[i].per.count()).key("cost").string(windows[i].per_symbol ? "symbol" : "request");
        json.key("left").integer(static_cast<std::int64_t>(left[i])).end_object();
    }
    json.end_array();
}

}  // namespace

void append_provider(std::string& out, ProviderTraits const& traits) {
    JsonWriter json(out);
    json.begin_object();
    write_names(json, traits);
    json.end_object();
}

void append_status(std::string& out, ProviderStatus const& status) {
    JsonWriter json(out);
    json.begin_object();
    write_names(json, status.traits);
    write_keys(json, status.traits);
    json.key("capabilities").begin_object();
    json.key("symbols_per_request").integer(static_cast<std::int64_t>(status.traits.batch_max));
    json.key("time").string(to_string(status.traits.time_source)).end_object();
    write_breaker(json, status);
    write_hold(json, status);
    write_quota(json, status);
    json.key("withheld").begin_array();
    for (auto const& symbol : status.condition.withheld) json.string(symbol.str());
    json.end_array().key("last_hour").begin_object();
    for (auto const& [outcome, count] : status.condition.last_hour) {
        json.key(to_string(outcome)).integer(static_cast<std::int64_t>(count));
    }
    json.end_object().end_object();
}

}  // namespace mds::http
