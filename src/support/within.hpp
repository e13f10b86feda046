#pragma once

#include "support/offload.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace mds::support {

using AsioTimer = net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, Executor>;

/// Waits for `task` at most `budget`; nullopt: it took longer. The task is not cancelled (a store's read cannot be): it goes on and
/// its result is dropped.
template <class T>
net::awaitable<std::optional<T>, Executor> within(std::chrono::milliseconds budget, net::awaitable<T, Executor> task) {
    struct Race {
        AsioTimer timer;
        std::optional<T> result;
    };
    auto const executor = co_await net::this_coro::executor;
    auto const race = std::make_shared<Race>(Race{AsioTimer(executor, budget), std::nullopt});
    auto finish = [race](std::exception_ptr failure, T result) {
        if (failure) std::rethrow_exception(failure);
        race->result.emplace(std::move(result));
        race->timer.cancel();
    };
    net::co_spawn(executor, std::move(task), std::move(finish));
    if (!race->result) co_await race->timer.async_wait(as_result);
    co_return std::move(race->result);
}

}  // namespace mds::support
