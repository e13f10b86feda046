#include "adapters/clock/steady_timer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace mds::clock {
namespace {

using AsioTimer = net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, IoExecutor>;

}  // namespace

class SteadyTimer::Sleepers {
public:
    /// False: this thread's sleepers were cancelled.
    bool add(std::thread::id thread, AsioTimer& timer) {
        std::lock_guard const lock(mutex_);
        auto& mine = by_thread_[thread];
        if (!mine.cancelled) mine.timers.insert(&timer);
        return !mine.cancelled;
    }

    void remove(std::thread::id thread, AsioTimer& timer) noexcept {
        std::lock_guard const lock(mutex_);
        by_thread_[thread].timers.erase(&timer);
    }

    void cancel(std::thread::id thread) noexcept {
        std::lock_guard const lock(mutex_);
        auto& mine = by_thread_[thread];
        mine.cancelled = true;
        for (auto* const timer : mine.timers) timer->cancel();
    }

private:
    struct OfThread {
        bool cancelled = false;
        std::set<AsioTimer*> timers;
    };
    std::mutex mutex_;
    std::map<std::thread::id, OfThread> by_thread_;
};

SteadyTimer::SteadyTimer() : sleepers_(std::make_shared<Sleepers>()) {}
SteadyTimer::~SteadyTimer() = default;

Awaitable<bool> SteadyTimer::sleep_until(SteadyTime when) {
    return sleep(sleepers_, when);
}

void SteadyTimer::cancel_all() noexcept {
    sleepers_->cancel(std::this_thread::get_id());
}

Awaitable<bool> SteadyTimer::sleep(std::shared_ptr<Sleepers> sleepers, SteadyTime when) {
    // Leaves the set on every way out, also when an io_context is destroyed with this frame suspended (then on another thread).
    struct Entry {
        Sleepers& sleepers;
        std::thread::id thread;
        AsioTimer& timer;
        ~Entry() { sleepers.remove(thread, timer); }
    };
    AsioTimer timer(co_await net::this_coro::executor, when);
    auto const thread = std::this_thread::get_id();
    if (!sleepers->add(thread, timer)) co_return false;
    Entry const entry{*sleepers, thread, timer};
    auto const [error] = co_await timer.async_wait(net::as_tuple(net::use_awaitable_t<IoExecutor>()));
    co_return !error;
}

}  // namespace mds::clock
