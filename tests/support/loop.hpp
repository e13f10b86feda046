#pragma once

#include <mds/ports/task.hpp>

#include <boost/asio/co_spawn.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace mds::test {

/// An io_context that the test runs by hand, on its own thread.
class Loop {
public:
    net::io_context& context() noexcept { return context_; }
    IoExecutor executor() noexcept { return context_.get_executor(); }

    /// What a spawned coroutine returns, once it did.
    template <class T>
    using Later = std::shared_ptr<std::optional<T>>;

    template <class T>
    Later<T> spawn(Awaitable<T> task) {
        auto later = std::make_shared<std::optional<T>>();
        auto finish = [later](std::exception_ptr failure, T value) {
            if (failure) std::rethrow_exception(failure);
            later->emplace(std::move(value));
        };
        net::co_spawn(context_, std::move(task), std::move(finish));
        return later;
    }

    /// Runs what is ready now.
    void settle() {
        context_.restart();
        context_.poll();
    }

    /// Runs until `done()`. Other threads may have to answer meanwhile; the time limit only turns a hang into a failure.
    template <class Predicate>
    void run_until(Predicate done) {
        auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        auto const work = net::make_work_guard(context_);
        context_.restart();
        while (!done()) {
            context_.run_one_until(limit);
            if (std::chrono::steady_clock::now() >= limit)
                throw std::runtime_error("the loop waits for something that never comes");
        }
    }

    template <class T>
    T await(Later<T> later) {
        run_until([&] { return later->has_value(); });
        return std::move(**later);
    }

    template <class T>
    T run(Awaitable<T> task) {
        return await(spawn(std::move(task)));
    }

private:
    net::io_context context_{1};
};

}  // namespace mds::test
