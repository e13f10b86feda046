#pragma once

#include <mds/ports/clock.hpp>

#include "support/offload.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace mds::test {

/// Both clocks, moved by hand; the wall clock may jump. Sleepers are woken in the order of their times. One thread.
class VirtualTime final : public Clock, public Timer {
public:
    UtcTime now() const noexcept override {
        return epoch + std::chrono::duration_cast<std::chrono::microseconds>(steady_.time_since_epoch()) + offset_;
    }
    SteadyTime steady_now() const noexcept override { return steady_; }
    Awaitable<bool> sleep_until(SteadyTime when) override {
        auto start = [this, when](auto handler) {
            auto const shared = std::make_shared<decltype(handler)>(std::move(handler));
            auto const home = net::get_associated_executor(*shared);
            std::function<void()> wake = [shared, home] { net::post(home, [shared] { std::move (*shared)(true); }); };
            if (when <= steady_)
                wake();
            else
                sleepers_.emplace(when, std::move(wake));
        };
        return net::async_initiate<net::use_awaitable_t<IoExecutor> const, void(bool)>(std::move(start), support::use_task);
    }
    void cancel_all() noexcept override {}
    void at(SteadyTime when, std::function<void()> wake) { sleepers_.emplace(when, std::move(wake)); }

    void jump(std::chrono::microseconds by) { offset_ += by; }
    std::optional<SteadyTime> next() const {
        if (sleepers_.empty()) return std::nullopt;
        return sleepers_.begin()->first;
    }
    /// Wakes everyone who waited for it.
    void move_to(SteadyTime when) {
        steady_ = std::max(steady_, when);
        while (!sleepers_.empty() && sleepers_.begin()->first <= steady_) {
            auto const wake = std::move(sleepers_.begin()->second);
            sleepers_.erase(sleepers_.begin());
            wake();
        }
    }
    /// So much time passes, each sleeper woken when its time has come. `settle` runs whatever is ready now.
    template <class Settle>
    void run(std::chrono::microseconds length, Settle settle) {
        auto const end = steady_ + length;
        for (;;) {
            settle();
            auto const due = next();
            if (!due || *due > end) break;
            move_to(*due);
        }
        move_to(end);
    }
    void forget_sleepers() { sleepers_.clear(); }

    static constexpr UtcTime epoch{std::chrono::seconds(1'700'000'000)};

private:
    SteadyTime steady_{std::chrono::seconds(1000)};
    std::chrono::microseconds offset_{0};
    std::multimap<SteadyTime, std::function<void()>> sleepers_;
};

}  // namespace mds::test
