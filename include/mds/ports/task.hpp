#pragma once
// The coroutine types of the asynchronous ports. One io_context per thread, so the executor's type is concrete: no type erasure on
// any path. g++ 12: in an expression that contains co_await write no braces and no lambda (docs/adr/0003-coroutines.md).

#include <mds/domain/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace mds {

namespace net = boost::asio;

using IoExecutor = net::io_context::executor_type;

/// A coroutine on one I/O thread. Parameters are taken by value.
template <class T>
using Awaitable = net::awaitable<T, IoExecutor>;

/// A coroutine whose failure is a value.
template <class T>
using Task = Awaitable<Result<T>>;

}  // namespace mds
