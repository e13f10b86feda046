#pragma once
// Crossing threads from a coroutine. Ordinary functions that return the awaitable: g++ 12 destroys a capturing lambda twice when it
// stands inside a co_await expression (docs/adr/0003-coroutines.md).

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <type_traits>
#include <utility>

namespace mds::support {

namespace net = boost::asio;
using Executor = net::io_context::executor_type;

/// Completion token for Asio operations: co_await op(..., use_task) throws on error.
inline constexpr net::use_awaitable_t<Executor> use_task{};
/// Completion token whose errors are values: auto [ec, n] = co_await op(..., as_result);
inline constexpr auto as_result = net::as_tuple(use_task);

/// Runs blocking `work` on `pool` and resumes the caller on its own executor with what it returned. `work` must not throw.
/// The caller's io_context must outlive the pool: a pool thread may still be inside post() when run() returns.
template <class Work>
net::awaitable<std::invoke_result_t<Work>, Executor> offload(net::thread_pool& pool, Work work) {
    using R = std::invoke_result_t<Work>;
    auto start = [executor = pool.get_executor(), work = std::move(work)](auto handler) mutable {
        net::post(executor, [work = std::move(work), handler = std::move(handler)]() mutable {
            auto result = work();
            auto home = net::get_associated_executor(handler);
            net::post(home, [handler = std::move(handler), result = std::move(result)]() mutable {
                std::move(handler)(std::move(result));
            });
        });
    };
    return net::async_initiate<net::use_awaitable_t<Executor> const, void(R)>(std::move(start), use_task);
}

/// Runs a coroutine on another thread's io_context and resumes the caller on its own. An exception crosses as well.
template <class T>
net::awaitable<T, Executor> run_on(Executor other, net::awaitable<T, Executor> task) {
    return net::co_spawn(other, std::move(task), use_task);
}

}  // namespace mds::support
