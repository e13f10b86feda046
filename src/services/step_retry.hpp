#pragma once

#include <mds/domain/error.hpp>

#include "support/log.hpp"
#include "support/metrics.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string_view>
#include <utility>

namespace mds {

/// How long a machine that is stepped on one thread waits after a step that failed, and whether it is well. Alone with its store
/// and bus it has nobody to keep out of step with, so the pause doubles without jitter.
class StepRetry {
public:
    /// `event`: of the warning at the first failure of a row; static text. `failures` counts all of them.
    StepRetry(support::Log log, std::string_view event, prometheus::Counter& failures, std::chrono::milliseconds least,
              std::chrono::milliseconds most)
        : log_(std::move(log)), event_(event), failures_(failures), least_(least), most_(most) {}

    /// The pause before the next try.
    std::chrono::milliseconds failed(std::string_view what, Error const& error) {
        failures_.Increment();
        if (!failing()) log_.warning(event_, {{"failed", what}, {"error", error.message}, {"detail", error.detail}});
        pause_ = std::clamp(pause_ * 2, least_, most_);
        say(false);
        return pause_;
    }
    /// No pause.
    std::chrono::milliseconds succeeded() noexcept {
        forget();
        say(true);
        return pause_;
    }
    /// The next failure is the first of a row; the machine is as well as before.
    void forget() noexcept { pause_ = std::chrono::milliseconds(0); }
    bool failing() const noexcept { return pause_ > std::chrono::milliseconds(0); }

    void say(bool healthy) noexcept { healthy_.store(healthy, std::memory_order_relaxed); }
    /// Any thread.
    bool healthy() const noexcept { return healthy_.load(std::memory_order_relaxed); }

private:
    support::Log log_;
    std::string_view event_;
    prometheus::Counter& failures_;
    std::chrono::milliseconds least_;
    std::chrono::milliseconds most_;
    std::chrono::milliseconds pause_{0};
    std::atomic<bool> healthy_{false};
};

}  // namespace mds
