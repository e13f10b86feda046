#include "app/config_load.hpp"
#include "support/catch.hpp"

using namespace mds::app;

namespace {

ConfigSources with_file(std::string text) {
    ConfigSources sources;
    sources.file = ConfigSources::File{"mds.json", std::move(text)};
    return sources;
}

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("flags win over the environment, the environment over the file, the file over the defaults") {
    auto sources = with_file(R"({"http": {"port": 1, "threads": 11, "max_connections": 111}})");
    sources.environment = {{"MDS_HTTP__PORT", "2"}, {"MDS_HTTP__THREADS", "22"}};
    sources.flags = {{"http.port", "3", "flag --set http.port"}};
    auto const loaded = load_config(sources);
    REQUIRE(loaded.errors.empty());
    CHECK(loaded.config.http.port == 3);
    CHECK(loaded.config.http.threads == 22);
    CHECK(loaded.config.http.max_connections == 111);
    CHECK(loaded.config.http.address == "127.0.0.1");
    CHECK(loaded.origins.at("http.port") == "flag --set http.port");
    CHECK(loaded.origins.at("http.threads") == "environment variable MDS_HTTP__THREADS");
    CHECK(loaded.origins.at("http.max_connections") == "mds.json");
}

TEST_CASE("the last of two flags for a key wins") {
    ConfigSources sources;
    sources.flags = {{"http.port", "1", "a"}, {"http.port", "2", "b"}};
    CHECK(load_config(sources).config.http.port == 2);
}

TEST_CASE("every kind of value can be given as text") {
    ConfigSources sources;
    sources.environment = {{"MDS_READ__FETCH", "false"},
                           {"MDS_PROVIDERS__SIMULATED__FAILURE_RATE", "0.25"},
                           {"MDS_PROVIDERS__FAILOVER", "finnhub, simulated"},
                           {"MDS_PROVIDERS__OVERRIDE__FINNHUB__BASE_URL", "http://127.0.0.1:1234"},
                           {"MDS_MODULES", "http,poller"},
                           {"MDS_JOBS", R"([{"name":"a","symbols":["X"],"interval":"5m"}])"},
                           {"MDS_SYMBOLS__CASE", "preserve"}};
    auto const loaded = load_config(sources);
    REQUIRE(loaded.errors.empty());
    auto const& config = loaded.config;
    CHECK_FALSE(config.read.fetch);
    CHECK(config.providers.simulated.failure_rate == 0.25);
    CHECK(config.providers.failover == std::vector<std::string>{"finnhub", "simulated"});
    CHECK(config.providers.overrides.at("finnhub").base_url == "http://127.0.0.1:1234");
    CHECK(config.modules == std::vector<std::string>{"http", "poller"});
    CHECK(config.jobs.at(0).interval == std::chrono::minutes(5));
    CHECK(config.symbols.fold == mds::SymbolCase::preserve);
}

TEST_CASE("a variable or flag that is wrong names itself") {
    ConfigSources sources;
    sources.environment = {{"MDS_HTTP__PROT", "1"}, {"MDS_MODULE", "http"}, {"MDS_HTTP__PORT", "x"}};
    sources.flags = {{"port", "1", "flag --set port"}, {"http..port", "1", "flag --set http..port"}};
    auto const errors = load_config(sources).errors;
    REQUIRE(errors.size() == 5);
    CHECK(errors[0] ==
          ConfigError{"http.port", "must be a whole number from 0 to 65535, not \"x\"", "environment variable MDS_HTTP__PORT"});
    CHECK(errors[1] ==
          ConfigError{"http.prot", "is no known key (did you mean http.port?)", "environment variable MDS_HTTP__PROT"});
    CHECK(errors[2] == ConfigError{"module", "is no known key (did you mean modules?)", "environment variable MDS_MODULE"});
    CHECK(errors[3] == ConfigError{"port", "is no known key (did you mean http.port?)", "flag --set port"});
    CHECK(errors[4] == ConfigError{"http..port", "is no known key", "flag --set http..port"});
}

TEST_CASE("variables of others that begin like ours are left alone") {
    ConfigSources sources;
    sources.environment = {{"MDS_CONFIG", "x.json"}, {"MDS_FINNHUB_KEY", "secret"}, {"HOME", "/root"}};
    CHECK(load_config(sources).errors.empty());
}

TEST_CASE("variables in the file are replaced, also where a number is wanted") {
    auto sources = with_file(R"({
        "http": {"port": "${PORT}", "address": "${ADDRESS:-0.0.0.0}"},
        "data": {"dir": "/var/${NAME}/$${NAME}"},
        "providers": {"failover": ["${FIRST}", "simulated"]}
    })");
    sources.environment = {{"PORT", "9000"}, {"NAME", "mds"}, {"FIRST", "finnhub"}};
    auto const loaded = load_config(sources);
    REQUIRE(loaded.errors.empty());
    CHECK(loaded.config.http.port == 9000);
    CHECK(loaded.config.http.address == "0.0.0.0");
    CHECK(loaded.config.data.dir == "/var/mds/${NAME}");
    CHECK(loaded.config.providers.failover == std::vector<std::string>{"finnhub", "simulated"});
}

TEST_CASE("a variable that is missing is one error, at its key") {
    auto sources = with_file(R"({"http": {"port": "${PORT}", "page_token_key": "${KEY}"}, "data": {"dir": "${1X}${"},
                                "providers": {"failover": ["${FIRST}"]}})");
    sources.environment = {{"KEY", ""}};
    auto const errors = load_config(sources).errors;
    REQUIRE(errors.size() == 5);
    CHECK(errors[0] == ConfigError{"http.port", "the environment variable PORT is not set", "mds.json"});
    CHECK(errors[1] == ConfigError{"http.page_token_key", "the environment variable KEY is not set", "mds.json"});
    CHECK(errors[2] == ConfigError{"data.dir", "\"${1X}\" names no variable", "mds.json"});
    CHECK(errors[3] == ConfigError{"data.dir", "\"${\" without \"}\"", "mds.json"});
    CHECK(errors[4] == ConfigError{"providers.failover[0]", "the environment variable FIRST is not set", "mds.json"});
}

TEST_CASE("a wrong value that came out of a variable, or is secret, is not shown") {
    auto sources = with_file(R"({"http": {"port": "${SECRET}", "page_token_key": "short"}})");
    sources.environment = {{"SECRET", "hunter2"}};
    auto const errors = load_config(sources).errors;
    REQUIRE(errors.size() == 2);
    CHECK(errors[0].message == "must be a whole number from 0 to 65535 (the value is not shown)");
    CHECK(errors[1].message == "must be at least 16 bytes (the value is not shown)");
}

TEST_CASE("the effective configuration is printed without secrets") {
    auto sources = with_file(R"({"http": {"page_token_key": "0123456789abcdef"},
                                "providers": {"override": {"finnhub": {"base_url": "${URL}"}}, "files": ["a.json", "${FILE}"]}})");
    sources.environment = {{"URL", "http://secret-host"}, {"FILE", "secret.json"}, {"MDS_HTTP__PORT", "9000"}};
    auto const loaded = load_config(sources);
    REQUIRE(loaded.errors.empty());
    auto const text = print_config(loaded);
    CHECK_FALSE(contains(text, "0123456789abcdef"));
    CHECK_FALSE(contains(text, "secret"));
    CHECK(contains(text, "\"page_token_key\": \"***\""));
    CHECK(contains(text, "\"base_url\": \"***\""));
    CHECK(contains(text, "[\"a.json\",\"***\"]"));
    CHECK(contains(text, "\"port\": 9000"));
}

TEST_CASE("what is printed reads back as the same configuration") {
    auto sources = with_file(R"({"http": {"port": 1}, "providers": {"simulated": {"failure_rate": 0.125}},
                                "jobs": [{"name": "a", "symbols": ["X", "Y"], "interval": 90, "provider": ["a", "b"]}]})");
    auto const text = print_config(load_config(sources));
    auto const again = load_config(with_file(text));
    CHECK(again.errors.empty());
    CHECK(print_config(again) == text);
    CHECK(contains(text, "0.125"));
}

TEST_CASE("a value from a variable is shown once something stronger has replaced it") {
    auto sources = with_file(R"({"http": {"address": "${ADDRESS}"}})");
    sources.environment = {{"ADDRESS", "10.0.0.1"}};
    CHECK_FALSE(contains(print_config(load_config(sources)), "10.0.0.1"));
    sources.flags = {{"http.address", "10.0.0.2", "flag"}};
    CHECK(contains(print_config(load_config(sources)), "10.0.0.2"));
}
