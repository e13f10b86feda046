#pragma once

#include <mds/ports/clock.hpp>

#include <memory>

namespace mds::clock {

/// Sleeps on the calling coroutine's io_context. One object serves every I/O thread of the process: sleepers are kept by thread,
/// which is to say by io_context, since each thread runs its own. May be destroyed before the io_contexts.
class SteadyTimer final : public Timer {
public:
    SteadyTimer();
    ~SteadyTimer() override;
    SteadyTimer(SteadyTimer const&) = delete;
    SteadyTimer& operator=(SteadyTimer const&) = delete;

    Awaitable<bool> sleep_until(SteadyTime when) override;
    void cancel_all() noexcept override;

private:
    class Sleepers;
    static Awaitable<bool> sleep(std::shared_ptr<Sleepers> sleepers, SteadyTime when);

    std::shared_ptr<Sleepers> sleepers_;
};

}  // namespace mds::clock
