#pragma once
// The whole configuration as plain structs with their defaults. Wiring copies what a module needs into that module's own options:
// no module sees these types. Key names, types, ranges and descriptions stand in config_schema.cpp; docs/configuration.md is held
// against them by a test.

#include <mds/domain/symbol.hpp>

#include "support/log.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace mds::app {

using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

enum class StoreKind { sqlite, postgresql };
enum class BusKind { embedded, kafka };
enum class LogStyle { automatic, json, text };

struct DataConfig {
    std::string dir = "data";
};

struct StoreConfig {
    StoreKind kind = StoreKind::sqlite;
    std::string url;
    std::uint32_t read_connections = 4;
    Millis connect_timeout{5'000};
    Millis statement_timeout{8'000};
};

struct KafkaConfig {
    std::string brokers;
    std::string topic = "price-events";
    std::string dead_letter_topic = "price-events-dlq";
    std::uint32_t partitions = 12;
    std::uint32_t replication_factor = 0;
    std::string group = "mds-averages";
    std::map<std::string, std::string> properties;
};

struct BusConfig {
    BusKind kind = BusKind::embedded;
    KafkaConfig kafka;
};

/// Absent where `url` is empty.
struct RedisConfig {
    std::string url;
    std::string prefix = "mds";
    Seconds ttl{86'400};
    Millis timeout{25};
};

struct CacheConfig {
    RedisConfig redis;
};

struct SymbolsConfig {
    SymbolCase fold = SymbolCase::upper;
};

struct HttpConfig {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8000;
    std::uint32_t threads = 2;
    std::uint32_t max_connections = 16'384;
    std::uint32_t max_connections_per_peer = 4'096;
    Millis idle_timeout{60'000};
    Millis header_timeout{5'000};
    Millis body_timeout{10'000};
    Millis write_timeout{10'000};
    std::string page_token_key;
};

struct ReadConfig {
    Seconds max_age{60};
    Seconds stale_if_error{86'400};
    bool fetch = true;
    Millis store_budget{50};
    Millis fetch_deadline{10'000};
    Seconds failed_fetch_memory{5};
    Seconds unknown_symbol_memory{60};
};

struct SimulatedConfig {
    std::uint64_t seed = 1;
    Millis latency{0};
    Millis jitter{0};
    double failure_rate = 0;
    std::vector<std::string> unknown;
    std::uint32_t batch_max = 500;
};

struct ProviderOverride {
    std::string base_url;
};

struct ProvidersConfig {
    std::string default_name = "simulated";
    std::vector<std::string> failover;
    std::vector<std::string> files;  ///< as loaded: relative ones are resolved against the folder of the config file
    std::map<std::string, ProviderOverride> overrides;
    SimulatedConfig simulated;
    std::string ca_file;             ///< likewise
    Millis connect_timeout{5'000};
    Millis request_timeout{10'000};
    std::uint32_t max_in_flight = 4;
    bool test_route = false;
    bool test_private_addresses = false;
};

struct PollerConfig {
    std::uint32_t max_attempts = 3;
    Millis retry_base{200};
    Millis retry_cap{5'000};
    Millis backoff_base{1'000};
    Millis backoff_cap{60'000};
};

/// The provider of a seeded job: one name, or a list in failover order. None: `providers.default`.
struct ProviderChoice {
    std::vector<std::string> names;
    bool is_list = false;
};

/// A job that exists from the first start on. Created once; what users do with it afterwards is theirs.
struct JobSeed {
    std::string name;
    std::vector<std::string> symbols;
    Seconds interval{0};
    ProviderChoice provider;
};

struct IngestConfig {
    std::uint32_t max_batch_results = 2'000;
    std::uint32_t max_queued_results = 50'000;
};

struct ConsumerConfig {
    std::uint32_t max_batch = 5'000;
};

struct RetentionConfig {
    Seconds raw{0};
    Seconds outbox{3'600};
};

struct LogConfig {
    support::LogLevel level = support::LogLevel::info;
    LogStyle format = LogStyle::automatic;
};

struct ShutdownConfig {
    Millis grace{10'000};
};

struct Config {
    std::vector<std::string> modules{"http", "poller", "relay", "consumer"};
    DataConfig data;
    StoreConfig store;
    BusConfig bus;
    CacheConfig cache;
    SymbolsConfig symbols;
    HttpConfig http;
    ReadConfig read;
    ProvidersConfig providers;
    PollerConfig poller;
    std::vector<JobSeed> jobs;
    IngestConfig ingest;
    ConsumerConfig consumer;
    RetentionConfig retention;
    LogConfig log;
    ShutdownConfig shutdown;
};

}  // namespace mds::app
