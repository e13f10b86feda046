#pragma once

#include <mds/ports/clock.hpp>

namespace mds::clock {

/// The machine's clocks. Any thread.
class SystemClock final : public Clock {
public:
    UtcTime now() const noexcept override;
    SteadyTime steady_now() const noexcept override;
};

}  // namespace mds::clock
