#include "modules/http/job_json.hpp"

#include "modules/http/json_writer.hpp"

#include <optional>

namespace mds::http {
namespace {

void write_config(JsonWriter& json, JobConfig const& config) {
    json.key("config").begin_object().key("symbols").begin_array();
    for (Symbol const& symbol : config.symbols) json.string(symbol.str());
    json.end_array().key("interval").integer(config.interval.count()).key("provider");
    if (config.provider_is_list) {
        json.begin_array();
        for (std::string const& name : config.providers) json.string(name);
        json.end_array();
    } else {
        json.string(config.providers.front());
    }
    json.end_object();
}

void write_time(JsonWriter& json, std::optional<UtcTime> const& time) {
    if (time) json.string(format_rfc3339(*time));
    else json.null();
}

/// Of a failover list: who answered last.
std::string const& provider_of(JobConfig const& config, TargetState const& state) {
    return config.providers.size() > 1 && !state.last_provider.empty() ? state.last_provider : config.providers.front();
}

void write_target(JsonWriter& json, JobConfig const& config, Symbol const& symbol, TargetState const& state,
                  std::optional<UtcTime> const& next_poll) {
    json.begin_object().key("symbol").string(symbol.str()).key("provider").string(provider_of(config, state));
    json.key("health").string(to_string(state.health)).key("last_poll");
    write_time(json, state.last_poll);
    json.key("last_poll_duration_ms");
    if (state.last_poll_duration) json.integer(state.last_poll_duration->count());
    else json.null();
    json.key("last_error");
    if (state.last_error.empty()) json.null();
    else json.string(state.last_error);
    json.key("consecutive_failures").integer(state.consecutive_failures).key("next_poll");
    write_time(json, next_poll);
    json.end_object();
}

}  // namespace

std::string accepted_body(Job const& job) {
    std::string body;
    JsonWriter json(body);
    json.begin_object().key("job_id").string(job.id).key("status").string("accepted");
    write_config(json, job.config);
    json.end_object();
    return body;
}

void append_job(std::string& out, JobView const& view) {
    Job const& job = view.job;
    JsonWriter json(out);
    json.begin_object().key("job_id").string(job.id).key("status").string(to_string(job.status));
    write_config(json, job.config);
    json.key("created_at").string(format_rfc3339(job.created_at)).key("targets").begin_array();
    for (std::size_t i = 0; i < view.targets.size(); ++i) {
        write_target(json, job.config, job.config.symbols[i], view.targets[i], view.next_polls[i]);
    }
    json.end_array().end_object();
}

}  // namespace mds::http
