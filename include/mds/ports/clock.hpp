#pragma once

#include <mds/ports/task.hpp>
#include <mds/domain/time.hpp>

#include <cstdint>

namespace mds {

/// Both clocks. Any thread.
class Clock {
public:
    virtual ~Clock() = default;
    virtual UtcTime now() const noexcept = 0;
    virtual SteadyTime steady_now() const noexcept = 0;
};

/// Waiting, apart from Clock so that a simulation moves time by hand.
class Timer {
public:
    virtual ~Timer() = default;
    /// Resumes the caller on its own executor at `when`, or earlier after cancel_all(). True: the time came; false: cancelled.
    virtual Awaitable<bool> sleep_until(SteadyTime when) = 0;
    /// Wakes every sleeper of the calling thread's io_context; later sleeps return false at once.
    virtual void cancel_all() noexcept = 0;
};

/// Random bits for identifiers and jitter. Any thread.
class Random {
public:
    virtual ~Random() = default;
    virtual std::uint64_t next() noexcept = 0;
};

}  // namespace mds
