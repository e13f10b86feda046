#pragma once

#include <mds/ports/task.hpp>

#include "support/offload.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace mds::http {

template <class T>
struct Gathering {
    using Timer = net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, IoExecutor>;
    Timer all_done;  ///< never expires; its cancellation is the signal
    std::vector<std::optional<Result<T>>> results;
    std::size_t left;

    Gathering(IoExecutor executor, std::size_t count) : all_done(executor, Timer::time_point::max()), results(count), left(count) {}
};

template <class T>
Awaitable<void> gather_one(std::shared_ptr<Gathering<T>> state, std::size_t index, Task<T> task) {
    try {
        state->results[index].emplace(co_await std::move(task));
    } catch (std::exception const& failure) {
        state->results[index].emplace(Error(ErrorCode::internal, "internal error", failure.what()));
    }
    if (--state->left == 0) state->all_done.cancel();
}

/// Runs all at once on the caller's thread; their results in the same order. An exception becomes an internal error.
template <class T>
Awaitable<std::vector<Result<T>>> gather(std::vector<Task<T>> tasks) {
    auto const executor = co_await net::this_coro::executor;
    auto const state = std::make_shared<Gathering<T>>(executor, tasks.size());
    for (std::size_t i = 0; i < tasks.size(); ++i) net::co_spawn(executor, gather_one<T>(state, i, std::move(tasks[i])), net::detached);
    if (state->left > 0) co_await state->all_done.async_wait(support::as_result);
    std::vector<Result<T>> results;
    for (auto& result : state->results) results.push_back(std::move(*result));
    co_return results;
}

}  // namespace mds::http
