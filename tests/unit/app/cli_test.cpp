#include "app/cli.hpp"
#include "app/invocation.hpp"
#include "support/catch.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <unistd.h>

using namespace mds::app;

namespace {

struct NeverStop final : StopSignal {
    bool raised() override { return true; }
    void wait() override {}
    bool wait_for(std::chrono::milliseconds) override { return true; }
    void end_at_next() noexcept override {}
};

struct Ran {
    ExitCode code;
    std::string out;
    std::string err;
};

Ran mds_with(std::vector<std::string> arguments, Environment environment = {}) {
    std::ostringstream out;
    std::ostringstream err;
    ProcessContext const process{std::move(environment), out, err, false, [] { return std::make_unique<NeverStop>(); }};
    auto const code = run_program(arguments, process);
    return {code, out.str(), err.str()};
}

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

/// A folder that is gone at the end of the test.
struct Folder {
    Folder() { std::filesystem::create_directories(path); }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string file(std::string const& name, std::string const& text) const {
        std::ofstream(path / name) << text;
        return (path / name).string();
    }
    std::filesystem::path path = std::filesystem::temp_directory_path() / ("mds_cli_test." + std::to_string(getpid()));
};

}  // namespace

TEST_CASE("--help names every command, option and exit code") {
    for (auto const* form : {"--help", "-h", "help"}) {
        auto const ran = mds_with({form});
        CHECK(ran.code == ExitCode::ok);
        CHECK(ran.err.empty());
        for (auto const* word : {"serve", "check-config", "migrate", "copy", "config-reference", "version", "--config", "--set",
                                 "--modules", "--print", "Examples:", "MDS_HTTP__PORT", "Exit codes:", "130"}) {
            CHECK(contains(ran.out, word));
        }
    }
}

TEST_CASE("version names the version and the libraries") {
    auto const ran = mds_with({"version"});
    CHECK(ran.code == ExitCode::ok);
    CHECK(ran.out.starts_with("mds 0."));
    for (auto const* library : {"Boost 1.", "SQLite 3.", "libcurl ", "OpenSSL "}) CHECK(contains(ran.out, library));
    CHECK(mds_with({"--version"}).out == ran.out);
}

TEST_CASE("a command line that is wrong ends with 2 and a suggestion") {
    auto const unknown = mds_with({"chek-config"});
    CHECK(unknown.code == ExitCode::usage);
    CHECK(contains(unknown.err, "unknown command \"chek-config\"; did you mean check-config?"));
    auto const option = mds_with({"--confg=x"});
    CHECK(option.code == ExitCode::usage);
    CHECK(contains(option.err, "did you mean --config?"));
    CHECK(mds_with({"--set", "novalue"}).code == ExitCode::usage);
    CHECK(mds_with({"--set", "=1"}).code == ExitCode::usage);
    CHECK(mds_with({"--config"}).code == ExitCode::usage);
    CHECK(mds_with({"serve", "migrate"}).code == ExitCode::usage);
    CHECK(mds_with({"serve", "--print"}).code == ExitCode::usage);
}

TEST_CASE("a wrong --set shows its key and not what may be a secret") {
    auto const ran = mds_with({"--set", "=hunter2"});
    CHECK_FALSE(contains(ran.err, "hunter2"));
}

TEST_CASE("check-config says OK or every error, and ends with 0 or 2") {
    Folder const folder;
    auto const good = folder.file("good.json", R"({"http": {"port": 9000}})");
    auto const fine = mds_with({"check-config", "-c", good});
    CHECK(fine.code == ExitCode::ok);
    CHECK(fine.out == "OK: " + good + "\n");
    auto const bad = folder.file("bad.json", R"({"http": {"port": -1}, "lgo": {}})");
    auto const wrong = mds_with({"check-config", "-c", bad, "--set", "read.fetch=perhaps"});
    CHECK(wrong.code == ExitCode::usage);
    CHECK(wrong.out.empty());
    CHECK(contains(wrong.err, "the configuration has 3 errors"));
    CHECK(contains(wrong.err, "http.port: must be"));
    CHECK(contains(wrong.err, "lgo: is no known key (did you mean log?)"));
    CHECK(contains(wrong.err, "read.fetch: must be true or false, not \"perhaps\" (flag --set read.fetch)"));
}

TEST_CASE("check-config --print shows what is in force") {
    auto const ran =
        mds_with({"check-config", "--print", "--set", "http.page_token_key=0123456789abcdef"}, {{"MDS_HTTP__PORT", "9000"}});
    CHECK(ran.code == ExitCode::ok);
    CHECK(contains(ran.out, "\"port\": 9000"));
    CHECK_FALSE(contains(ran.out, "0123456789abcdef"));
}

TEST_CASE("nothing starts while the configuration is wrong") {
    Folder const folder;
    auto const ran = mds_with({"--set", "http.port=x", "--set", "data.dir=" + (folder.path / "data").string()});
    CHECK(ran.code == ExitCode::usage);
    CHECK_FALSE(std::filesystem::exists(folder.path / "data"));
}

TEST_CASE("the configuration file is --config, else MDS_CONFIG, and must be readable") {
    Folder const folder;
    auto const one = folder.file("one.json", R"({"http": {"port": 1}})");
    auto const two = folder.file("two.json", R"({"http": {"port": 2}})");
    Environment const environment{{"MDS_CONFIG", one}};
    CHECK(contains(mds_with({"check-config", "--print"}, environment).out, "\"port\": 1"));
    CHECK(contains(mds_with({"check-config", "--print", "-c", two}, environment).out, "\"port\": 2"));
    auto const missing = mds_with({"check-config", "-c", "/nowhere/mds.json"});
    CHECK(missing.code == ExitCode::usage);
    CHECK(contains(missing.err, "/nowhere/mds.json cannot be read"));
    CHECK(mds_with({"check-config", "-c", folder.path.string()}).code == ExitCode::usage);
}

TEST_CASE("--modules picks the role") {
    auto const ran = mds_with({"check-config", "--print", "--modules", "http,poller"}, {{"MDS_MODULES", "consumer"}});
    CHECK(contains(ran.out, R"("modules": ["http","poller"])"));
}

TEST_CASE("config-reference lists every key") {
    auto const ran = mds_with({"config-reference"});
    CHECK(ran.code == ExitCode::ok);
    CHECK(contains(ran.out, "| `http.port` | whole number from 0 to 65535 | `8000` |"));
    CHECK(contains(ran.out, "| `jobs[].symbols` |"));
}

TEST_CASE("errors of the provider catalogue are reported beside those of the configuration") {
    auto const ran = mds_with({"check-config", "--set", "http.port=x", "--set", "providers.default=nobody"});
    CHECK(ran.code == ExitCode::usage);
    CHECK(contains(ran.err, "http.port: must be"));
    CHECK(contains(ran.err, "providers.default: names no known provider: \"nobody\""));
}

TEST_CASE("options of one command are refused with another") {
    CHECK(contains(mds_with({"serve", "--new-epoch"}).err, "--new-epoch belongs to migrate"));
    CHECK(contains(mds_with({"migrate", "--print"}).err, "--print belongs to check-config"));
    CHECK(contains(mds_with({"migrate", "--from", "sqlite:x"}).err, "--from belongs to copy"));
    CHECK(contains(mds_with({"copy", "--from", "sqlite:x"}).err, "copy wants --to"));
    CHECK(contains(mds_with({"serve", "--class", "not_json"}).err, "--class belongs to replay"));
    CHECK(mds_with({"copy", "--from", "sqlite:/nonexistent", "--to", "postgres"}).code == ExitCode::store);
    CHECK(mds_with({"copy", "--from", "mysql:x", "--to", "postgres"}).code == ExitCode::usage);
}

TEST_CASE("provider check judges a saved answer, one JSON line per symbol") {
    Folder const folder;
    auto const file =
        folder.file("answer.json", R"({"results": [{"s": "A", "p": 1.50, "v": "7", "t": 1700000000}, {"s": "b", "p": 0}]})");
    auto const catalogue =
        folder.file("providers.json", R"({"providers": {"acme": {"base_url": "http://h", "request": {"path": "/{symbols}"},
        "symbol": {"match": "ignore_case"}, "row": {"path": "/results[s={symbol}]", "absent": "unknown_symbol"},
        "values": {"price": "/p", "time": {"path": "/t", "as": "unix_s", "optional": true}, "volume": "/v"}, "batch": {"max": 5}}}})");
    auto const files = "providers.files=[\"" + catalogue + "\"]";
    auto const ran = mds_with(
        {"provider", "check", "acme", "A,b,C", file, "--status", "200", "--content-type", "application/json", "--set", files});
    CHECK(ran.code == ExitCode::ok);
    CHECK(ran.out ==
          R"({"symbol":"A","outcome":"ok","price":1.5,"timestamp":"2023-11-14T22:13:20Z","time_source":"quote","volume":7})"
          "\n"
          R"({"symbol":"b","outcome":"no_data","price":null,"timestamp":null,"time_source":null,"volume":null})"
          "\n"
          R"({"symbol":"C","outcome":"unknown_symbol","price":null,"timestamp":null,"time_source":null,"volume":null})"
          "\n");
    CHECK(contains(mds_with({"provider", "check", "acme", "A", file, "--status", "503", "--set", files}).out,
                   R"("outcome":"unavailable")"));
}

TEST_CASE("a provider command that cannot be carried out says why") {
    for (auto const& [words, why] : std::vector<std::pair<std::vector<std::string>, std::string>>{
             {{"provider"}, "NAME SYMBOL"},
             {{"provider", "chek", "x"}, "NAME SYMBOL"},
             {{"provider", "check", "acme", "A", "/nowhere"}, "not in the catalogue"},
             {{"provider", "test", "acme"}, "NAME SYMBOL"},
             {{"provider", "check", "acme", "A", "f", "--status", "42"}, "--status"},
             {{"serve", "--status", "200"}, "belong to provider check"}}) {
        auto const ran = mds_with(words);
        CHECK(ran.code == ExitCode::usage);
        CHECK(contains(ran.err, why));
    }
}
