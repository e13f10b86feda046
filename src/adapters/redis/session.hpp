#pragma once

#include <mds/ports/clock.hpp>
#include <mds/ports/task.hpp>

#include "adapters/redis/connection.hpp"
#include "adapters/redis/options.hpp"
#include "support/log.hpp"
#include "support/metrics.hpp"
#include "support/within.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mds::redis {

/// Keeps one usable connection where that is possible. It is the breaker as well: a connection that broke, answered late or
/// answered nonsense is dropped, and none is usable until, after a random and growing wait, a new one was logged in and answered a
/// probe in time. On its I/O thread, except where it says otherwise.
class Session {
public:
    Session(IoExecutor executor, Options const& options, Random& random, support::Log log, support::Metrics& metrics,
            std::function<void()> on_usable);

    /// Runs until stop().
    Awaitable<void> run();
    void stop() noexcept;

    /// Whether it makes sense to send. Any thread.
    bool usable() const noexcept { return usable_.load(std::memory_order_acquire); }
    /// Counts the connections. Any thread.
    std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }

    /// `on_reply` is told of a connection that ends as well, at once where there is none.
    void send(std::span<std::string_view const> words, Connection::OnReply on_reply);
    /// Drops the connection of that generation.
    void drop(std::uint64_t generation, std::string reason);

private:
    Awaitable<std::string> use_one();
    void log_in();
    void probe();
    void expect(std::span<std::string_view const> words);
    void come_up();
    void go_down(std::string const& reason);
    void watch(std::chrono::milliseconds limit, std::string reason);
    std::chrono::milliseconds wait_before_next();

    IoExecutor executor_;
    Options options_;
    Random& random_;
    support::Log log_;
    std::function<void()> on_usable_;
    prometheus::Gauge& up_;
    prometheus::Counter& connected_;
    prometheus::Counter& failed_;

    support::AsioTimer watchdog_;
    support::AsioTimer pause_;
    std::shared_ptr<Connection> connection_;
    std::atomic<bool> usable_{false};
    std::atomic<std::uint64_t> generation_{0};
    bool stopped_ = false;
    bool said_away_ = false;
    int failures_ = 0;
    std::optional<SteadyTime> up_since_;
};

}  // namespace mds::redis
