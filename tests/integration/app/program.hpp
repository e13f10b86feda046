#pragma once
// The whole program in this process: real store, real sockets, simulated prices.

#include "app/cli.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace mds::test {

using app::ExitCode;
namespace net = boost::asio;

/// A folder that is gone at the end of the test.
struct Folder {
    Folder() { std::filesystem::remove_all(path); }
    ~Folder() { std::filesystem::remove_all(path); }
    std::filesystem::path path = std::filesystem::temp_directory_path() / ("mds_serve_test." + std::to_string(getpid()));
};

/// The signal comes when `meanwhile` has returned.
struct After final : app::StopSignal {
    explicit After(std::function<void()> work) : meanwhile(std::move(work)) {}
    bool raised() override { return false; }
    void wait() override { meanwhile(); }
    bool wait_for(std::chrono::milliseconds time) override {
        std::this_thread::sleep_for(time);
        return raised();
    }
    void end_at_next() noexcept override {}
    std::function<void()> meanwhile;
};

inline unsigned short free_port() {
    net::io_context context;
    net::ip::tcp::acceptor acceptor(context, {net::ip::make_address("127.0.0.1"), 0});
    return acceptor.local_endpoint().port();
}

inline std::string get(unsigned short port, std::string const& target) {
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
inline std::string get_ok(unsigned short port, std::string const& target) {
    auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    std::string answer;
    while (!answer.starts_with("HTTP/1.1 200") && std::chrono::steady_clock::now() < limit) {
        if (!answer.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
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
        app::ProcessContext const process{{}, out, error, false, [&] { return std::make_unique<After>(meanwhile); }};
        auto const code = app::run_program(arguments(more), process);
        err = error.str();
        return code;
    }
    ExitCode migrate(std::vector<std::string> more = {}) {
        more.push_back("migrate");
        return run([] {}, more);
    }
};

inline bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace mds::test
