#pragma once

#include <mds/ports/clock.hpp>

#include <atomic>
#include <chrono>

namespace mds::test {

/// Both clocks stand still until the test moves them. Any thread.
class ManualClock final : public Clock {
public:
    /// 2024-03-20T10:30:00Z.
    static constexpr UtcTime start{std::chrono::seconds(1'710'930'600)};

    UtcTime now() const noexcept override { return start + std::chrono::microseconds(utc_.load()); }
    SteadyTime steady_now() const noexcept override { return SteadyTime(std::chrono::microseconds(steady_.load())); }

    void advance(std::chrono::microseconds by) {
        utc_ += by.count();
        steady_ += by.count();
    }
    /// The wall clock alone, as an operator or NTP would.
    void jump(std::chrono::microseconds by) { utc_ += by.count(); }

private:
    std::atomic<std::int64_t> utc_{0};
    std::atomic<std::int64_t> steady_{3'600'000'000};
};

}  // namespace mds::test
