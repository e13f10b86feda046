#pragma once

#include <mds/domain/job.hpp>
#include <mds/domain/observation.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mds {

/// What a store keeps of a series beside its points. The rules of numbering, and of the state of its polls, are here in one place.
struct SeriesState {
    std::int64_t last_seq = 0;
    UtcTime max_fetched;                    ///< greatest fetched_at of its points
    std::chrono::microseconds disorder{0};  ///< how far a point's fetched_at ever lay behind an earlier point's
    std::optional<UtcTime> polled_at;       ///< receipt of the last poll's answer, or its failure
    std::optional<UtcTime> poll_due;        ///< the last tick that was polled
    std::chrono::microseconds poll_duration{0};
    std::int64_t failures = 0;  ///< polls failed in a row
    std::string last_error;

    /// The next number, for a point fetched then.
    std::int64_t next_seq(UtcTime fetched_at) noexcept;
    void poll_succeeded(Observation const& poll);
    /// Attempts of one tick count as one failure.
    void poll_failed(Observation const& poll, std::string_view error);

private:
    void polled(Observation const& poll) noexcept;
};

/// Whether it says something about a target's polls: reads and foreign events do not.
bool is_poll(Observation const& observation) noexcept;
/// One result for every symbol asked for, and no quote without an answer. What a correct caller always sends.
bool is_complete(Observation const& observation) noexcept;

/// Gathers a target's state from the series of its providers. Failover asks in order and stops at the first success, so one
/// provider that works makes the target work, and when none does, the one with the fewest failures tells how often the target
/// failed.
class TargetPolls {
public:
    void add(std::string const& provider, SeriesState const& series);
    TargetState state() const;

private:
    TargetState state_;
    std::optional<UtcTime> newest_success_;
};

}  // namespace mds
