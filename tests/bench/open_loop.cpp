// Requests at fixed times over keep-alive connections, whatever the answers take: a server that stalls cannot slow its own
// measurement down. A latency counts from the moment when the request was due (the method of wrk2), so one that had to wait for a
// free connection is charged to the server. Usage: open_loop_bench PORT TARGET RATE SECONDS [connections] Prints one line of JSON;
// the first second is a warm-up and not in it.

#include "support/time_slice.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

struct Load {
    int port = 0;
    std::string target;
    double rate = 1000;
    double seconds = 5;
    int connections = 64;
};

/// Length of the answer that `data` begins with; 0 while it is not whole.
std::size_t whole_answer(std::string_view data) {
    constexpr std::string_view length_field = "content-length: ";
    auto const end = data.find("\r\n\r\n");
    if (end == data.npos) return 0;
    auto const same_letter = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
    auto const head = data.substr(0, end);
    auto const at = std::search(head.begin(), head.end(), length_field.begin(), length_field.end(), same_letter);
    if (at == head.end()) throw std::runtime_error("an answer without Content-Length");
    std::size_t body = 0;
    std::from_chars(at + length_field.size(), head.end(), body);
    return data.size() >= end + 4 + body ? end + 4 + body : 0;
}

class OpenLoop {
public:
    explicit OpenLoop(Load load) : load_(std::move(load)), epoll_(epoll_create1(0)) {
        request_ = "GET " + load_.target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(load_.port) + "\r\n\r\n";
        for (int i = 0; i < load_.connections; ++i) open();
    }
    ~OpenLoop() {
        for (auto const& each : connections_) close(each.socket);
        close(epoll_);
    }
    OpenLoop(OpenLoop const&) = delete;
    OpenLoop& operator=(OpenLoop const&) = delete;

    void run() {
        auto const whole = std::chrono::duration<double>(load_.seconds + warm_up);
        auto const total = static_cast<std::int64_t>(load_.rate * whole.count());
        began_ = Clock::now();
        std::int64_t sent = 0;
        auto const give_up = began_ + std::chrono::duration_cast<nanoseconds>(whole) + std::chrono::seconds(10);
        while (done_ < total && Clock::now() < give_up) {
            for (auto const now = Clock::now(); sent < total && due(sent) <= now; ++sent) waiting_.push_back(sent);
            while (!waiting_.empty() && !free_.empty()) send_next();
            receive(sent < total ? due(sent) : give_up);
        }
        failed_ += total - done_;
    }

    void print() {
        std::sort(latencies_.begin(), latencies_.end());
        auto const at = [this](double q) {
            auto const index = static_cast<std::size_t>(q * static_cast<double>(latencies_.size()));
            return latencies_.empty() ? 0.0 : static_cast<double>(latencies_[std::min(index, latencies_.size() - 1)]) / 1000;
        };
        std::printf(R"({"requests":%zu,"failed":%lld,"p50_us":%.1f,"p90_us":%.1f,"p99_us":%.1f,"p999_us":%.1f,"max_us":%.1f})"
                    "\n",
                    latencies_.size(), static_cast<long long>(failed_), at(0.5), at(0.9), at(0.99), at(0.999), at(1));
    }

private:
    struct Connection {
        int socket = -1;
        std::int64_t request = 0;
        std::string received;
    };
    static constexpr double warm_up = 1;  // seconds

    void open() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(load_.port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int const socket = ::socket(AF_INET, SOCK_STREAM, 0);
        if (connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
            throw std::runtime_error("cannot connect");
        int const on = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = connections_.size();
        epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
        free_.push_back(connections_.size());
        connections_.push_back({socket, 0, {}});
    }

    Clock::time_point due(std::int64_t number) const {
        return began_ + nanoseconds(static_cast<std::int64_t>(static_cast<double>(number) / load_.rate * 1e9));
    }

    void send_next() {
        auto& connection = connections_[free_.back()];
        connection.request = waiting_.front();
        if (send(connection.socket, request_.data(), request_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request_.size()))
            throw std::runtime_error("the server does not take a request");
        free_.pop_back();
        waiting_.pop_front();
    }

    /// Until the next request is due. Where that is soon it looks again and again: to wake up takes longer.
    void receive(Clock::time_point until) {
        constexpr nanoseconds soon = std::chrono::microseconds(50);
        auto const left = std::clamp<nanoseconds>(until - Clock::now() - soon, nanoseconds(0), std::chrono::milliseconds(100));
        timespec const wait{0, static_cast<long>(left.count())};
        std::array<epoll_event, 64> events{};
        int const count = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &wait, nullptr);
        for (int i = 0; i < count; ++i) read(events[static_cast<std::size_t>(i)].data.u64);
    }

    void read(std::size_t number) {
        auto& connection = connections_[number];
        std::array<char, 16384> buffer;
        auto const got = recv(connection.socket, buffer.data(), buffer.size(), 0);
        if (got <= 0) throw std::runtime_error("the server closed a connection");
        connection.received.append(buffer.data(), static_cast<std::size_t>(got));
        if (whole_answer(connection.received) == 0) return;
        auto const asked = due(connection.request);
        if (!connection.received.starts_with("HTTP/1.1 200")) ++failed_;
        if (asked >= began_ + std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(warm_up)))
            latencies_.push_back(std::chrono::duration_cast<nanoseconds>(Clock::now() - asked).count());
        connection.received.clear();
        free_.push_back(number);
        ++done_;
    }

    Load load_;
    int epoll_;
    std::string request_;
    std::vector<Connection> connections_;
    std::vector<std::size_t> free_;
    std::deque<std::int64_t> waiting_;  ///< numbers of requests that are due
    std::vector<std::int64_t> latencies_;
    Clock::time_point began_;
    std::int64_t done_ = 0;
    std::int64_t failed_ = 0;
};

/// A client has a processor of its own. Here it shares those of the server, and where it is late that would be charged to the
/// server: one that mostly sleeps goes before whatever else runs, where that is allowed. One that hardly ever sleeps would be held
/// up for 50 ms of every second then (sched(7), real-time limits), and has short slices.
void come_first(double rate) noexcept {
    constexpr double seldom = 5000;
    sched_param const least{sched_get_priority_min(SCHED_FIFO)};
    if (rate > seldom || sched_setscheduler(0, SCHED_FIFO, &least) != 0)
        mds::support::ask_for_short_slices(std::chrono::microseconds(100));
    prctl(PR_SET_TIMERSLACK, 1);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) {
        std::fprintf(stderr, "usage: %s PORT TARGET RATE SECONDS [connections]\n", argv[0]);
        return 2;
    }
    Load load;
    load.port = std::atoi(argv[1]);
    load.target = argv[2];
    load.rate = std::atof(argv[3]);
    load.seconds = std::atof(argv[4]);
    if (argc > 5) load.connections = std::atoi(argv[5]);
    try {
        come_first(load.rate);
        OpenLoop loop(load);
        loop.run();
        loop.print();
    } catch (std::exception const& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
}
