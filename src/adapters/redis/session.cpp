#include "adapters/redis/session.hpp"

#include "adapters/redis/reply.hpp"
#include "support/backoff.hpp"
#include "support/offload.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>
#include <vector>

namespace mds::redis {

Session::Session(IoExecutor executor, Options const& options, Random& random, support::Log log, support::Metrics& metrics,
                 std::function<void()> on_usable)
    : executor_(executor),
      options_(options),
      random_(random),
      log_(std::move(log)),
      on_usable_(std::move(on_usable)),
      up_(metrics.gauge("mds_redis_up", "Whether Redis is in use: 1, or 0 while reads and writes do without")),
      connected_(metrics.counter("mds_redis_connections_total", "Connections to Redis that came into use")),
      failed_(metrics.counter("mds_redis_connection_failures_total",
                              "Connections to Redis that failed, broke, or were dropped because an answer was late")),
      watchdog_(executor),
      pause_(executor) {}

Awaitable<void> Session::run() {
    while (!stopped_) {
        auto const reason = co_await use_one();
        if (stopped_) break;
        go_down(reason);
        pause_.expires_after(wait_before_next());
        co_await pause_.async_wait(support::as_result);
    }
    usable_.store(false, std::memory_order_release);
    connection_.reset();
}

void Session::stop() noexcept {
    stopped_ = true;
    watchdog_.cancel();
    pause_.cancel();
    if (connection_) connection_->close("shutting down");
}

/// From opening to the end; why it ended.
Awaitable<std::string> Session::use_one() {
    connection_ = std::make_shared<Connection>(executor_);
    generation_.fetch_add(1, std::memory_order_acq_rel);
    watch(options_.connect_timeout, "connecting and logging in took too long");
    auto reason = co_await connection_->open(options_.address);
    if (reason.empty()) {
        log_in();
        reason = co_await connection_->serve();
    }
    watchdog_.cancel();
    co_return reason;
}

void Session::log_in() {
    auto const& address = options_.address;
    auto const database = std::to_string(address.database);
    std::vector<std::string_view> log_in{"AUTH"};
    if (!address.user.empty()) log_in.push_back(address.user);
    log_in.push_back(address.password);
    std::array<std::string_view, 2> const select{"SELECT", database};
    if (!address.password.empty()) expect(log_in);
    if (address.database != 0) expect(select);
    probe();
}

/// An answer to the last command says that the ones before are done as well. It is asked twice: once however long it takes, once
/// against the clock that reads have.
void Session::probe() {
    static constexpr std::array<std::string_view, 1> ping{"PING"};
    expect(ping);
    connection_->send(ping, [this](redisReply const* reply) {
        if (reply == nullptr) return;
        if (is_error(*reply)) return connection_->close("the server says " + std::string(text_of(*reply)));
        watch(options_.timeout, "the server is too slow");
        connection_->send(ping, [this](redisReply const* second) {
            if (second != nullptr && !is_error(*second)) come_up();
        });
    });
}

/// Whatever is no error is right.
void Session::expect(std::span<std::string_view const> words) {
    connection_->send(words, [this](redisReply const* reply) {
        if (reply != nullptr && is_error(*reply)) connection_->close("the server says " + std::string(text_of(*reply)));
    });
}

void Session::come_up() {
    watchdog_.cancel();
    up_since_ = std::chrono::steady_clock::now();
    connected_.Increment();
    up_.Set(1);
    log_.info("redis.in_use", {{"server", options_.address.without_secrets()}});
    said_away_ = false;
    usable_.store(true, std::memory_order_release);
    on_usable_();
}

void Session::go_down(std::string const& reason) {
    usable_.store(false, std::memory_order_release);
    failed_.Increment();
    up_.Set(0);
    auto const up_since = std::exchange(up_since_, std::nullopt);
    if (up_since && std::chrono::steady_clock::now() - *up_since >= options_.proven) failures_ = 0;
    ++failures_;
    if (std::exchange(said_away_, true)) return;
    log_.warning("redis.away", {{"server", options_.address.without_secrets()}, {"reason", reason}});
}

void Session::send(std::span<std::string_view const> words, Connection::OnReply on_reply) {
    if (!usable() || !connection_) return on_reply(nullptr);
    connection_->send(words, std::move(on_reply));
}

void Session::drop(std::uint64_t generation, std::string reason) {
    if (generation != generation_.load(std::memory_order_relaxed) || !connection_) return;
    usable_.store(false, std::memory_order_release);
    connection_->close(std::move(reason));
}

/// Drops the connection unless the watch is set anew or called off first.
void Session::watch(std::chrono::milliseconds limit, std::string reason) {
    watchdog_.expires_after(limit);
    auto bark = [watched = connection_, reason = std::move(reason)](boost::system::error_code called_off) {
        if (!called_off) watched->close(reason);
    };
    watchdog_.async_wait(std::move(bark));
}

std::chrono::milliseconds Session::wait_before_next() {
    return support::equal_jitter(failures_, options_.retry_min, options_.retry_max, random_.next());
}

}  // namespace mds::redis
