#pragma once

#include <mds/ports/clock.hpp>

namespace mds::clock {

/// One Mersenne twister per thread, seeded from the operating system. Any thread, no lock. For identifiers and jitter, not for
/// secrets.
class SystemRandom final : public Random {
public:
    std::uint64_t next() noexcept override;
};

}  // namespace mds::clock
