// The whole program in this process: real store, real sockets, simulated prices.
#include "app/cli.hpp"

#include "support/catch.hpp"

#include <sqlite3.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <sstream>
#include <string>
#include <thread>

#include <unistd.h>

using namespace mds::app;
using namespace std::chrono_literals;
namespace net = boost::asio;

namespace {

/// A folder that is gone at the end of the test.
struct Folder {
    Folder() { std::filesystem::remove_all(path); }
    ~Folder() { std::filesystem::remove_all(path); }
    std::filesystem::path path = std::filesystem::temp_directory_path() / ("mds_serve_test." + std::to_string(getpid()));
};

/// The signal comes when `meanwhile` has returned.
struct After final : StopSignal {
    explicit After(std::function<void()> work) : meanwhile(std::move(work)) {}
    bool raised() override { return false; }
    void wait() override { meanwhile(); }
    void end_at_next() noexcept override {}
    std::function<void()> meanwhile;
};

unsigned short free_port() {
    net::io_context context;
    net::ip::tcp::acceptor acceptor(context, {net::ip::make_address("127.0.0.1"), 0});
    return acceptor.local_endpoint().port();
}

std::string get(unsigned short port, std::string const& target) {
    net::io_context context;
    net::ip::tcp::socket socket(context);
    socket.connect({net::ip::make_address("127.0.0.1"), port});
    net::write(socket, net::buffer("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
    std::string answer;
    boost::system::error_code end;
    net::read(socket, net::dynamic_buffer(answer), end);
    return answer;
}

/// Asks until the answer begins with 200; the last answer.
std::string get_ok(unsigned short port, std::string const& target) {
    auto const limit = std::chrono::steady_clock::now() + 30s;
    std::string answer;
    while (!answer.starts_with("HTTP/1.1 200") && std::chrono::steady_clock::now() < limit) {
        if (!answer.empty()) std::this_thread::sleep_for(50ms);
        answer = get(port, target);
    }
    return answer;
}

struct Program {
    Folder folder;
    unsigned short port = free_port();
    std::string err;

    std::vector<std::string> arguments(std::vector<std::string> more) const {
        std::vector<std::string> all{
            "--config", MDS_SOURCE_DIR "/config/standalone.json", "--set", "data.dir=" + folder.path.string(),
            "--set",    "http.port=" + std::to_string(port),      "--set", "log.level=error"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    ExitCode run(std::function<void()> const& meanwhile, std::vector<std::string> const& more = {}) {
        std::ostringstream out;
        std::ostringstream error;
        ProcessContext const process{{}, out, error, false, [&] { return std::make_unique<After>(meanwhile); }};
        auto const code = run_program(arguments(more), process);
        err = error.str();
        return code;
    }
    ExitCode migrate(std::vector<std::string> more = {}) {
        more.push_back("migrate");
        return run([] {}, more);
    }
    void sql(char const* statement) const {
        sqlite3* database = nullptr;
        REQUIRE(sqlite3_open((folder.path / "mds.db").c_str(), &database) == SQLITE_OK);
        CHECK(sqlite3_exec(database, statement, nullptr, nullptr, nullptr) == SQLITE_OK);
        sqlite3_close(database);
    }
};

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the shipped configuration polls, stores, averages and serves, and goes on after a restart") {
    Program program;
    auto const first = program.run([&] {
        CHECK(contains(get_ok(program.port, "/prices/latest?symbol=AAPL"), R"("symbol":"AAPL")"));
        CHECK(contains(get_ok(program.port, "/prices/moving-average?symbol=TSLA&period=5"), R"("period":5)"));
        CHECK(get_ok(program.port, "/readyz").starts_with("HTTP/1.1 200"));
    });
    CHECK(first == ExitCode::ok);
    auto const second = program.run([&] {
        auto const latest = get(program.port, "/prices/latest?symbol=AAPL&max_age=3600");
        CHECK(contains(latest, "X-Price-Source: memory"));
        CHECK(get(program.port, "/prices/moving-average?symbol=TSLA").starts_with("HTTP/1.1 200"));
        auto const jobs = get(program.port, "/prices/poll");
        CHECK(jobs.find("job_id") == jobs.rfind("job_id"));
    });
    CHECK(second == ExitCode::ok);
}

TEST_CASE("a data directory in use ends a second process with 3") {
    Program program;
    CHECK(program.run([&] { CHECK(program.migrate() == ExitCode::store); }) == ExitCode::ok);
}

TEST_CASE("a store of a newer version ends the process with 3") {
    Program program;
    REQUIRE(program.migrate() == ExitCode::ok);
    program.sql("UPDATE store_meta SET schema_version = 999999");
    CHECK(program.migrate() == ExitCode::store);
    CHECK(program.run([] {}) == ExitCode::store);
}

TEST_CASE("a port in use ends the process with 1") {
    Program program;
    net::io_context context;
    net::ip::tcp::acceptor const taken(context, {net::ip::make_address("127.0.0.1"), 0});
    program.port = taken.local_endpoint().port();
    bool waited = false;
    CHECK(program.run([&] { waited = true; }) == ExitCode::failure);
    CHECK_FALSE(waited);
}

TEST_CASE("a role runs only what it names") {
    Program program;
    auto const code = program.run(
        [&] {
            auto const ready = get_ok(program.port, "/readyz");
            CHECK(contains(ready, "http"));
            CHECK_FALSE(contains(ready, "poller"));
            CHECK_FALSE(contains(ready, "consumer"));
        },
        {"--modules", "http"});
    CHECK(code == ExitCode::ok);
}

TEST_CASE("migrate --new-epoch raises the store's epoch") {
    Program program;
    REQUIRE(program.migrate() == ExitCode::ok);
    CHECK(program.migrate({"--new-epoch"}) == ExitCode::ok);
    CHECK(program.run([] {}) == ExitCode::ok);
}
