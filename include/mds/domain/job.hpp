#pragma once

#include <mds/domain/symbol.hpp>
#include <mds/domain/time.hpp>

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mds {

enum class JobStatus {
    accepted,   ///< not one tick yet
    active,
    paused,
    cancelled,  ///< final; stays readable
};

std::string_view to_string(JobStatus status) noexcept;
std::optional<JobStatus> parse_job_status(std::string_view text) noexcept;

inline constexpr std::size_t max_job_symbols = 1000;
inline constexpr std::chrono::seconds min_interval{1};
inline constexpr std::chrono::seconds max_interval{86400};

/// What a client asked to be polled. Echoed as sent (after folding repeats and case).
struct JobConfig {
    std::vector<Symbol> symbols;         ///< 1-1000, no repeats, order as sent
    std::chrono::seconds interval{60};   ///< 1-86400
    std::vector<std::string> providers;  ///< failover order, at least one
    bool provider_is_list = false;       ///< echo as an array even with one entry
};

struct Job {
    std::string id;                      ///< "poll_" and 32 hexadecimal digits
    JobStatus status = JobStatus::accepted;
    JobConfig config;
    UtcTime created_at;
    UtcTime active_since;                ///< of the last creation, resume or change: ticks before it are nobody's
    bool ticked = false;                 ///< had its first tick
    std::int64_t run_requested = 0;      ///< counts POST .../run; the poller serves each number once
    std::int64_t run_done = 0;
};

/// The unit of polling. Several jobs with the same target share it.
struct Target {
    std::vector<std::string> providers;
    Symbol symbol;

    Target(std::vector<std::string> p, Symbol s) : providers(std::move(p)), symbol(std::move(s)) {}
    friend auto operator<=>(Target const&, Target const&) = default;
};

enum class TargetHealth { unknown, up, down };
std::string_view to_string(TargetHealth health) noexcept;

/// What is known of one target's last polls.
struct TargetState {
    TargetHealth health = TargetHealth::unknown;
    std::optional<UtcTime> last_poll;    ///< receipt of the last answer, or its failure
    std::optional<UtcTime> last_due;     ///< the tick that it belonged to
    std::optional<std::chrono::milliseconds> last_poll_duration;
    std::string last_error;              ///< empty: none
    std::int64_t consecutive_failures = 0;
    std::string last_provider;           ///< who answered last, empty: nobody yet
};

}  // namespace mds
