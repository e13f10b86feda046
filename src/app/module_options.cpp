#include "app/module_options.hpp"

#include "app/version.hpp"

#include <algorithm>
#include <cmath>
#include <thread>

namespace mds::app {

sqlite::StoreOptions sqlite_options(Config const& config) {
    sqlite::StoreOptions options;
    options.directory = config.data.dir;
    options.read_threads = config.store.read_connections;
    return options;
}

postgres::StoreOptions postgres_options(Config const& config) {
    postgres::StoreOptions options;
    options.url = config.store.url;
    options.read_threads = config.store.read_connections;
    options.connect_timeout = config.store.connect_timeout;
    options.statement_timeout = config.store.statement_timeout;
    return options;
}

redis::Options redis_options(Config const& config, std::int64_t store_epoch) {
    redis::Options options;
    auto const& redis = config.cache.redis;
    options.address = redis::parse_address(redis.url).value();
    options.prefix = redis.prefix;
    options.ttl = redis.ttl;
    options.timeout = redis.timeout;
    options.store_epoch = store_epoch;
    return options;
}

IngestOptions ingest_options(Config const& config) {
    IngestOptions options;
    options.max_batch_results = config.ingest.max_batch_results;
    options.max_queued_results = config.ingest.max_queued_results;
    return options;
}

LatestPriceOptions latest_price_options(Config const& config) {
    LatestPriceOptions options;
    options.max_age = config.read.max_age;
    options.stale_if_error = config.read.stale_if_error;
    options.fetch = config.read.fetch;
    options.failed_fetch_memory = config.read.failed_fetch_memory;
    options.unknown_symbol_memory = config.read.unknown_symbol_memory;
    options.store_budget = config.read.store_budget;
    options.fetch_deadline = config.read.fetch_deadline;
    return options;
}

PollDriverOptions poll_driver_options(Config const& config) {
    PollDriverOptions options;
    options.schedule.back_off = {config.poller.backoff_base, config.poller.backoff_cap};
    options.fetch.deadline = config.providers.request_timeout;
    options.fetch.steps.max_attempts = static_cast<int>(config.poller.max_attempts);
    options.fetch.steps.back_off = {config.poller.retry_base, config.poller.retry_cap};
    options.requests_per_provider = config.providers.max_in_flight;
    return options;
}

AveragingOptions averaging_options(Config const& config, std::int64_t store_epoch) {
    AveragingOptions options;
    options.store_epoch = store_epoch;
    options.max_batch = config.consumer.max_batch;
    if (config.bus.kind == BusKind::kafka) options.topic = config.bus.kafka.topic;
    options.symbol_case = config.symbols.fold;
    return options;
}

CacheFollowerOptions cache_follower_options(Config const& config, std::int64_t store_epoch) {
    CacheFollowerOptions options;
    options.store_epoch = store_epoch;
    options.topic = config.bus.kafka.topic;
    options.symbol_case = config.symbols.fold;
    return options;
}

RetentionOptions retention_options(Config const& config) {
    RetentionOptions options;
    options.keep_events = config.retention.outbox;
    if (config.retention.raw.count() > 0) options.keep_raw = config.retention.raw;
    return options;
}

http::Options http_options(Config const& config, std::size_t open_files) {
    http::Options options;
    options.address = config.http.address;
    options.port = config.http.port;
    options.limits.open_files = open_files;
    options.limits.connections = http::connections_within(open_files, config.http.max_connections);
    options.limits.connections_per_peer = config.http.max_connections_per_peer;
    options.deadlines.idle = config.http.idle_timeout;
    options.deadlines.header = config.http.header_timeout;
    options.deadlines.body = config.http.body_timeout;
    options.deadlines.write = config.http.write_timeout;
    // A handler waits for a provider and then for the commit, or for the store: each has a limit of its own below these.
    options.deadlines.answer = config.read.fetch_deadline + latest_price_options(config).commit_budget +
                               config.store.connect_timeout + config.store.statement_timeout;
    options.default_provider = config.providers.default_name;
    options.failover = config.providers.failover;
    options.symbol_case = config.symbols.fold;
    options.max_age = config.read.max_age;
    options.page_token_key = config.http.page_token_key;
    options.version = version();
    options.provider_trials = config.providers.test_route;
    return options;
}

std::size_t http_threads(Config const& config) {
    if (config.http.threads > 0) return config.http.threads;
    return std::max(1u, std::thread::hardware_concurrency());
}

providers::SimulatedOptions simulated_options(Config const& config) {
    auto const& simulated = config.providers.simulated;
    providers::SimulatedOptions options;
    options.seed = simulated.seed;
    options.batch_max = simulated.batch_max;
    options.latency = simulated.latency;
    options.jitter = simulated.jitter;
    options.failures_per_mille = static_cast<int>(std::lround(simulated.failure_rate * 1000));
    options.unknown.insert(simulated.unknown.begin(), simulated.unknown.end());
    return options;
}

providers::HttpOptions fetch_options(Config const& config) {
    providers::HttpOptions options;
    options.ca_file = config.providers.ca_file;
    options.connect_timeout = config.providers.connect_timeout;
    // What the poller may send at once must not wait here for a connection.
    options.connections_per_host = std::max<long>(options.connections_per_host, config.providers.max_in_flight);
    return options;
}

providers::TrialOptions trial_options(Config const& config) {
    providers::TrialOptions options;
    options.deadline = config.read.fetch_deadline;
    options.private_addresses = config.providers.test_private_addresses;
    return options;
}

}  // namespace mds::app
