#pragma once

#include <mds/domain/outcome.hpp>
#include <mds/domain/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

namespace mds::providers {

/// How often each outcome came in the last hour, to the minute. No clock of its own; one thread.
class RecentOutcomes {
public:
    void note(Outcome outcome, SteadyTime now);
    /// Those that came at all.
    std::map<Outcome, std::uint64_t> last_hour(SteadyTime now) const;

private:
    static constexpr std::size_t minutes = 60;
    struct Minute {
        std::int64_t number = -1;  ///< since the clock's beginning
        std::map<Outcome, std::uint64_t> counts;
    };
    std::array<Minute, minutes> ring_;
};

}  // namespace mds::providers
