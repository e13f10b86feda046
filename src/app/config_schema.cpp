// Every key of the configuration: name, member, kind with range, meaning. Defaults stand in config.hpp.

#include "app/config_schema.hpp"

#include "app/config_kafka.hpp"

#include "adapters/redis/address.hpp"

#include <mds/domain/job.hpp>

#include <boost/asio/ip/address.hpp>

#include <limits>

namespace mds::app {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t million = 1'000'000;

Complaint ip_address(std::string_view text) {
    boost::system::error_code error;
    boost::asio::ip::make_address(text, error);
    if (!error) return {};
    return "an IP address (\"127.0.0.1\", \"0.0.0.0\", \"::1\")";
}

Complaint base_url(std::string_view text) {
    bool const scheme = text.starts_with("http://") || text.starts_with("https://");
    if (scheme && text.find_first_of("@ ?#") == std::string_view::npos) return {};
    return "an http:// or https:// URL without user, query and fragment";
}

Complaint redis_url(std::string_view text) {
    if (text.empty() || redis::parse_address(text)) return {};
    if (text.starts_with("rediss://")) return "a redis:// URL: TLS to Redis is not supported, put a tunnel in between";
    return "a URL like redis://[[user]:password@]host[:port][/database]";
}

Complaint key_prefix(std::string_view text) {
    bool const right = !text.empty() && text.size() <= 64 && text.find_first_of(" \t\r\n") == text.npos;
    if (right) return {};
    return "1 to 64 bytes without white space";
}

Complaint token_key(std::string_view text) {
    if (text.empty() || text.size() >= 16) return {};
    return "at least 16 bytes";
}

Fields<DataConfig> data() {
    return {field("dir", &DataConfig::dir, Text{not_empty},
                  "Folder of everything embedded: the database, its log and the lock. Relative to the working directory; created "
                  "where missing.")};
}

Fields<StoreConfig> store() {
    Choice<StoreKind> const kinds{{{"sqlite", StoreKind::sqlite}, {"postgresql", StoreKind::postgresql}}, ""};
    return {field("kind", &StoreConfig::kind, kinds,
                  "Where prices are stored: `sqlite` in a file in `data.dir`, `postgresql` on a server."),
            field("url", &StoreConfig::url, Text{},
                  "With `postgresql`: where the server is and how to log in, as "
                  "`postgresql://user:password@host:5432/database?sslmode=verify-full` or any "
                  "other connection string of libpq.",
                  Trait::secret),
            field("read_connections", &StoreConfig::read_connections, Whole{1, 64},
                  "Connections, and threads, that read for requests."),
            field("connect_timeout", &StoreConfig::connect_timeout, Duration{100ms, 1min},
                  "With `postgresql`: for connecting, TLS and log-in included."),
            field("statement_timeout", &StoreConfig::statement_timeout, Duration{100ms, 5min},
                  "With `postgresql`: for one statement. A server that is silent a second longer is taken for gone.")};
}

Fields<BusConfig> bus() {
    Choice<BusKind> const kinds{{{"embedded", BusKind::embedded}, {"kafka", BusKind::kafka}}, ""};
    return {field("kind", &BusConfig::kind, kinds,
                  "What carries price events to the consumer: `embedded` is the store's outbox itself, `kafka` needs "
                  "`store.kind` postgresql."),
            section("kafka", &BusConfig::kafka, kafka_fields())};
}

Fields<CacheConfig> cache() {
    Fields<RedisConfig> const redis{
        field(
            "url", &RedisConfig::url, Text{redis_url},
            "A Redis server (7 or later, no cluster) in front of the store, as `redis://[[user]:password@]host[:port][/database]`. "
            "Empty: none. Where it is away or slow, reads do without.",
            Trait::secret),
        field("prefix", &RedisConfig::prefix, Text{key_prefix},
              "What its keys begin with; another one for each store that shares the server."),
        field("ttl", &RedisConfig::ttl, Duration{1s, 24h * 365}, "How long a price stays in Redis after it was written."),
        field("timeout", &RedisConfig::timeout, Duration{1ms, 1min}, "How long a read waits for Redis before it goes on without."),
    };
    return {section("redis", &CacheConfig::redis, redis)};
}

Fields<SymbolsConfig> symbols() {
    return {field("case", &SymbolsConfig::fold,
                  Choice<SymbolCase>{{{"upper", SymbolCase::upper}, {"preserve", SymbolCase::preserve}}, ""},
                  "`upper` makes `aapl` and `AAPL` one symbol; `preserve` keeps them apart.")};
}

Fields<HttpConfig> http() {
    return {
        field("address", &HttpConfig::address, Text{ip_address}, "Address to listen on; `0.0.0.0` or `::` for every interface."),
        field("port", &HttpConfig::port, Whole{0, 65535}, "Port to listen on; 0 takes a free one and logs it in `http.listening`."),
        field("threads", &HttpConfig::threads, Whole{0, 256}, "Threads that serve requests; 0: one per processor."),
        field("max_connections", &HttpConfig::max_connections, Whole{1, million},
              "Open connections; above it 503 with `Retry-After`. Lowered at start, with a warning, where the hard limit of open "
              "files "
              "(`ulimit -Hn`) leaves no room for so many."),
        field("max_connections_per_peer", &HttpConfig::max_connections_per_peer, Whole{1, million},
              "Open connections from one address; above it 503 with `Retry-After`."),
        field("idle_timeout", &HttpConfig::idle_timeout, Duration{100ms, 1h},
              "How long a connection may be silent between requests."),
        field("header_timeout", &HttpConfig::header_timeout, Duration{100ms, 10min},
              "From the first byte of a request to the end of its header."),
        field("body_timeout", &HttpConfig::body_timeout, Duration{100ms, 10min}, "For the whole body of a request."),
        field("write_timeout", &HttpConfig::write_timeout, Duration{100ms, 10min}, "For the whole of an answer."),
        field("page_token_key", &HttpConfig::page_token_key, Text{token_key},
              "Secret that signs page tokens, at least 16 bytes, the same in all replicas. Empty: a built-in one, which keeps "
              "mistakes out and not forgers.",
              Trait::secret),
    };
}

Fields<ReadConfig> read() {
    return {
        field("max_age", &ReadConfig::max_age, Duration{0s, 24h * 365},
              "Age up to which a price is fresh, where the request does not say."),
        field("stale_if_error", &ReadConfig::stale_if_error, Duration{0s, 24h * 3650},
              "Age up to which an old price is served, marked stale, when its provider fails."),
        field("fetch", &ReadConfig::fetch, Flag{}, "Whether a read that finds nothing fresh asks the provider."),
        field("store_budget", &ReadConfig::store_budget, Duration{1ms, 1min},
              "How long a read waits for the store before it goes on without."),
        field("fetch_deadline", &ReadConfig::fetch_deadline, Duration{10ms, 5min}, "How long a read waits for a provider."),
        field("failed_fetch_memory", &ReadConfig::failed_fetch_memory, Duration{0s, 1h},
              "How long a failed fetch is not tried again by reads."),
        field("unknown_symbol_memory", &ReadConfig::unknown_symbol_memory, Duration{0s, 24h},
              "How long a symbol that the provider does not know is not asked for again by reads."),
    };
}

Fields<SimulatedConfig> simulated() {
    return {
        field("seed", &SimulatedConfig::seed, Whole{0, std::numeric_limits<std::int64_t>::max()}, "Seed of the random walks."),
        field("latency", &SimulatedConfig::latency, Duration{0ms, 5min}, "How long an answer takes."),
        field("jitter", &SimulatedConfig::jitter, Duration{0ms, 5min}, "Up to how much longer, at random."),
        field("failure_rate", &SimulatedConfig::failure_rate, Number{0, 1}, "Share of requests that fail."),
        field("unknown", &SimulatedConfig::unknown, Words{symbol_name}, "Symbols that it says it does not know."),
        field("batch_max", &SimulatedConfig::batch_max, Whole{1, 1000}, "Symbols per request."),
    };
}

Fields<ProvidersConfig> providers() {
    Fields<ProviderOverride> const override_fields{field("base_url", &ProviderOverride::base_url, Text{base_url},
                                                         "Sends the requests of this provider somewhere else: a proxy, a stub.")};
    return {
        field("default", &ProvidersConfig::default_name, Text{provider_name}, "Provider where a request or job names none."),
        field("failover", &ProvidersConfig::failover, Words{provider_name, 0, 16},
              "Order of `provider=auto`. Empty: the default provider alone."),
        field("files", &ProvidersConfig::files, Words{not_empty, 0, 64},
              "Catalogue files that add providers or replace built-in ones. In the configuration file: relative to it; elsewhere: "
              "to the working directory."),
        map_of("override", &ProvidersConfig::overrides, override_fields),
        section("simulated", &ProvidersConfig::simulated, simulated()),
        field("ca_file", &ProvidersConfig::ca_file, Text{},
              "A PEM file with certificates that are trusted beside the system's, for a proxy that ends TLS. Relative as "
              "`providers.files`."),
        field("connect_timeout", &ProvidersConfig::connect_timeout, Duration{10ms, 1min},
              "For connecting to a provider, TLS included."),
        field("request_timeout", &ProvidersConfig::request_timeout, Duration{10ms, 5min}, "For one whole request of the poller."),
        field("max_in_flight", &ProvidersConfig::max_in_flight, Whole{1, 1000},
              "Requests of the poller under way at once, for each provider."),
        field(
            "test_route", &ProvidersConfig::test_route, Flag{},
            "Whether `POST /providers/test` asks whatever provider its body describes. For people who are trusted to send requests "
            "from here."),
        field(
            "test_private_addresses", &ProvidersConfig::test_private_addresses, Flag{},
            "Whether `POST /providers/test` may connect to private, loopback, link-local and other addresses that are not public."),
    };
}

Fields<PollerConfig> poller() {
    return {
        field("max_attempts", &PollerConfig::max_attempts, Whole{1, 3},
              "Attempts within one tick, the first included. Repeats are at most a tenth of all requests."),
        field("retry_base", &PollerConfig::retry_base, Duration{1ms, 1min},
              "Bound of the random wait before the second attempt; it doubles."),
        field("retry_cap", &PollerConfig::retry_cap, Duration{1ms, 10min}, "Largest bound of the wait between attempts."),
        field("backoff_base", &PollerConfig::backoff_base, Duration{1ms, 1h},
              "Bound of the random wait after a failed tick; it doubles."),
        field("backoff_cap", &PollerConfig::backoff_cap, Duration{1ms, 24h}, "Largest bound of that wait."),
    };
}

Fields<JobSeed> job() {
    return {
        field("name", &JobSeed::name, Text{not_empty}, "Makes the job known again: a job of this name is created once, ever.",
              Trait::required),
        field("symbols", &JobSeed::symbols, Words{symbol_name, 1, max_job_symbols}, "What to poll.", Trait::required),
        field("interval", &JobSeed::interval, Duration{min_interval, max_interval}, "How often, in whole seconds.",
              Trait::required),
        field("provider", &JobSeed::provider, OneOrMoreProviders{},
              "Whom to ask: one, or a list in failover order. Left out: `providers.default`."),
    };
}

Fields<IngestConfig> ingest() {
    return {
        field("max_batch_results", &IngestConfig::max_batch_results, Whole{1, 100'000}, "Points and rejects per commit."),
        field("max_queued_results", &IngestConfig::max_queued_results, Whole{1, 10 * million},
              "Points and rejects that wait in memory while the store is away; polling pauses above it."),
    };
}

Fields<ConsumerConfig> consumer() {
    return {field("max_batch", &ConsumerConfig::max_batch, Whole{1, 100'000}, "Events folded into averages per transaction.")};
}

Fields<RetentionConfig> retention() {
    return {
        field("raw", &RetentionConfig::raw, Duration{0s, 24h * 3650},
              "Age from which raw answers are removed; 0 keeps them. Points and averages stay."),
        field("outbox", &RetentionConfig::outbox, Duration{1min, 24h * 365}, "How long published events stay in the outbox."),
    };
}

Fields<LogConfig> log() {
    using support::LogLevel;
    Choice<LogLevel> const levels{
        {{"debug", LogLevel::debug}, {"info", LogLevel::info}, {"warning", LogLevel::warning}, {"error", LogLevel::error}}, ""};
    Choice<LogStyle> const styles{{{"auto", LogStyle::automatic}, {"json", LogStyle::json}, {"text", LogStyle::text}}, ""};
    return {
        field("level", &LogConfig::level, levels, "The least level that is written."),
        field("format", &LogConfig::format, styles, "One JSON object per line, or text for people. `auto`: text on a terminal.")};
}

Fields<ShutdownConfig> shutdown() {
    return {field("grace", &ShutdownConfig::grace, Duration{100ms, 10min},
                  "How long work under way may take to end after the first signal.")};
}

}  // namespace

Fields<Config> config_fields() {
    return {
        field("modules", &Config::modules, Words{module_name, 1},
              "What this process does: its role. `--modules http,poller` is the short form."),
        section("data", &Config::data, data()),
        section("store", &Config::store, store()),
        section("bus", &Config::bus, bus()),
        section("cache", &Config::cache, cache()),
        section("symbols", &Config::symbols, symbols()),
        section("http", &Config::http, http()),
        section("read", &Config::read, read()),
        section("providers", &Config::providers, providers()),
        section("poller", &Config::poller, poller()),
        list_of("jobs", &Config::jobs, job(), {"name", "symbols", "interval"}),
        section("ingest", &Config::ingest, ingest()),
        section("consumer", &Config::consumer, consumer()),
        section("retention", &Config::retention, retention()),
        section("log", &Config::log, log()),
        section("shutdown", &Config::shutdown, shutdown()),
    };
}

std::vector<ConfigKey> config_reference() {
    std::vector<ConfigKey> rows;
    describe_all(config_fields(), "", Config{}, rows);
    return rows;
}

}  // namespace mds::app
