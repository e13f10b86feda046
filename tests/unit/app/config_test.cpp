#include "app/config_load.hpp"
#include "support/catch.hpp"

#include <algorithm>

using namespace mds::app;
using namespace std::chrono_literals;

namespace {

LoadedConfig from_file(std::string text) {
    ConfigSources sources;
    sources.file = ConfigSources::File{"mds.json", std::move(text)};
    return load_config(sources);
}

std::vector<std::string> errors_of(LoadedConfig const& loaded) {
    std::vector<std::string> texts;
    for (auto const& error : loaded.errors) texts.push_back(to_string(error));
    return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("no source at all gives the defaults") {
    auto const loaded = load_config({});
    CHECK(loaded.errors.empty());
    CHECK(loaded.config.http.port == 8000);
    CHECK(loaded.config.modules == std::vector<std::string>{"http", "poller", "relay", "consumer"});
    CHECK(loaded.config.retention.outbox == 1h);
    CHECK(loaded.origins.empty());
}

TEST_CASE("the file may have comments and trailing commas") {
    auto const loaded = from_file(R"(// a comment
    {
      /* another */ "http": {"port": 9000,}, // and one more
    })");
    CHECK(errors_of(loaded) == Texts{});
    CHECK(loaded.config.http.port == 9000);
}

TEST_CASE("all errors are reported at once, each with its path and origin") {
    auto const loaded = from_file(R"({
        "http": {"port": 70000, "adress": "127.0.0.1", "idle_timeout": "10 seconds"},
        "read": {"fetch": "yes"},
        "providers": {"failover": ["ok", "Not Ok"], "simulated": {"failure_rate": 1.5}},
        "log": {"level": "verbose"},
        "jobs": [{"name": "a", "symbols": [], "interval": "500ms"}, 7],
        "ingest": 3
    })");
    CHECK(errors_of(loaded) ==
          Texts{
              "http.port: must be a whole number from 0 to 65535, not 70000 (mds.json)",
              "http.adress: is no known key (did you mean http.address?) (mds.json)",
              "http.idle_timeout: must be a duration from 100ms to 1h (\"500ms\", \"10s\", \"5m\", \"1h\", or whole seconds), not "
              "\"10 seconds\" (mds.json)",
              "read.fetch: must be true or false, not \"yes\" (mds.json)",
              "providers.failover: must be a list in which each entry is a provider's name (1 to 64 of a-z, 0-9, _ and -), not "
              "[\"ok\",\"Not Ok\"] (mds.json)",
              "providers.simulated.failure_rate: must be a number from 0 to 1, not 1.5 (mds.json)",
              "log.level: must be `debug` or `info` or `warning` or `error`, not \"verbose\" (mds.json)",
              "jobs[0].symbols: must be a list of 1 to 1000 entries, not [] (mds.json)",
              "jobs[0].interval: must be a duration from 1s to 1d (\"500ms\", \"10s\", \"5m\", \"1h\", or whole seconds), not "
              "\"500ms\" "
              "(mds.json)",
              "jobs[1]: must be an object, not 7 (mds.json)",
              "ingest: must be an object, not 3 (mds.json)",
          });
}

TEST_CASE("a file that is no JSON says where it stops being one") {
    CHECK(errors_of(from_file("{\n  \"http\": {\"port\" 1}\n}")) ==
          Texts{"mds.json is not valid JSON: syntax error at line 2, column 19"});
    CHECK(from_file("{} x").errors.size() == 1);
    CHECK(from_file("").errors.size() == 1);
    CHECK(from_file("{\"http\":").errors.size() == 1);
    CHECK(errors_of(from_file("[]")) == Texts{"mds.json must be an object, not []"});
}

TEST_CASE("an unknown key is refused with the key that was probably meant") {
    auto const suggestion = [](std::string const& text) {
        auto const loaded = from_file(text);
        REQUIRE(loaded.errors.size() == 1);
        return loaded.errors[0].message;
    };
    CHECK(suggestion(R"({"htpp": {}})") == "is no known key (did you mean http?)");
    CHECK(suggestion(R"({"http": {"prot": 1}})") == "is no known key (did you mean http.port?)");
    CHECK(suggestion(R"({"max_age": 1})") == "is no known key (did you mean read.max_age?)");
    CHECK(suggestion(R"({"providers": {"override": {"finnhub": {"base_ulr": "http://x"}}}})") ==
          "is no known key (did you mean providers.override.NAME.base_url?)");
    CHECK(suggestion(R"({"zzzzzzzzz": 1})") == "is no known key");
}

TEST_CASE("a duration is text with a unit or whole seconds") {
    auto const loaded = from_file(R"({
        "http": {"idle_timeout": 90, "header_timeout": "250ms", "body_timeout": "2m"},
        "read": {"max_age": "1h", "stale_if_error": "7d"}
    })");
    CHECK(errors_of(loaded) == Texts{});
    CHECK(loaded.config.http.idle_timeout == 90s);
    CHECK(loaded.config.http.header_timeout == 250ms);
    CHECK(loaded.config.http.body_timeout == 2min);
    CHECK(loaded.config.read.max_age == 1h);
    CHECK(loaded.config.read.stale_if_error == 24h * 7);
}

TEST_CASE("a duration that is kept in seconds takes no fraction of one") {
    CHECK(errors_of(from_file(R"({"read": {"max_age": "1500ms"}})")) ==
          Texts{"read.max_age: must be a whole number of seconds, not \"1500ms\" (mds.json)"});
}

TEST_CASE("durations that do not fit are refused") {
    for (auto const* text : {"-1s", "1.5s", "s", "", "99999999999999999999s", "9223372036854775807d", "1w"}) {
        CHECK_FALSE(parse_duration(text).has_value());
    }
    CHECK(format_duration(90s) == "90s");
    CHECK(format_duration(120s) == "2m");
    CHECK(format_duration(0ms) == "0s");
    CHECK(format_duration(1500ms) == "1500ms");
}

TEST_CASE("a store of an unknown kind is refused in clear words") {
    CHECK(errors_of(from_file(R"({"store": {"kind": "postgres"}})")) ==
          Texts{"store.kind: must be `sqlite` or `postgresql`, not \"postgres\" (mds.json)"});
}

TEST_CASE("a store on a server needs its URL, which is never shown") {
    CHECK(errors_of(from_file(R"({"store": {"kind": "postgresql"}})")) ==
          Texts{"store.url: is needed where store.kind is postgresql (default)"});
    CHECK(errors_of(from_file(R"({"store": {"url": "postgresql://db/prices"}})")) ==
          Texts{"store.url: belongs to store.kind postgresql alone (mds.json)"});
    auto const loaded = from_file(R"({"store": {"kind": "postgresql", "url": "postgresql://me:hunter2@db/prices"}})");
    CHECK(errors_of(loaded).empty());
    CHECK(print_config(loaded).find("hunter2") == std::string::npos);
}

TEST_CASE("keys that contradict each other are refused together") {
    auto const loaded = from_file(R"({
        "poller": {"retry_base": "9s", "retry_cap": "1s"},
        "jobs": [{"name": "a", "symbols": ["X"], "interval": 1}, {"name": "a", "symbols": ["Y"], "interval": 1}]
    })");
    CHECK(errors_of(loaded) == Texts{"poller.retry_cap: must not be less than poller.retry_base (mds.json)",
                                     "jobs[1].name: is the name of another job (mds.json)"});
}

TEST_CASE("a job names one provider, several in failover order, or none") {
    auto const loaded = from_file(R"({"jobs": [
        {"name": "one", "symbols": ["AAPL"], "interval": "1m", "provider": "finnhub"},
        {"name": "list", "symbols": ["AAPL"], "interval": 60, "provider": ["finnhub", "simulated"]},
        {"name": "none", "symbols": ["AAPL"], "interval": 60}
    ]})");
    REQUIRE(errors_of(loaded) == Texts{});
    auto const& jobs = loaded.config.jobs;
    CHECK(jobs[0].provider.names == Texts{"finnhub"});
    CHECK_FALSE(jobs[0].provider.is_list);
    CHECK(jobs[0].interval == 60s);
    CHECK(jobs[1].provider.names == Texts{"finnhub", "simulated"});
    CHECK(jobs[1].provider.is_list);
    CHECK(jobs[2].provider.names.empty());
}

TEST_CASE("catalogue files of the configuration file are relative to it") {
    ConfigSources sources;
    sources.file = ConfigSources::File{"/etc/mds/mds.json", R"({"providers": {"files": ["mine.json", "/opt/other.json"]}})"};
    CHECK(load_config(sources).config.providers.files == Texts{"/etc/mds/mine.json", "/opt/other.json"});
    sources.flags = {{"providers.files", "here.json", "flag"}};
    CHECK(load_config(sources).config.providers.files == Texts{"here.json"});
}

TEST_CASE("a key that occurs twice is refused, since one of them would be ignored") {
    auto const loaded = from_file(R"({"http": {"port": 1, "port": 2}, /* and */ "log": {},})");
    REQUIRE(loaded.errors.size() == 1);
    CHECK(loaded.errors[0].message.find("port") != std::string::npos);
}
