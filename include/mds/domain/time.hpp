#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace mds {

/// UTC, microseconds. Anything finer is floored on the way in.
using UtcTime = std::chrono::sys_time<std::chrono::microseconds>;
/// For durations and deadlines; never stored.
using SteadyTime = std::chrono::steady_clock::time_point;

/// RFC 3339 with 'Z'; a whole second is written without a fraction, otherwise the fraction has 1-6 digits without trailing zeros.
/// Years 1-9999.
std::string format_rfc3339(UtcTime time);
/// The same, appended: the hot path reuses its buffer.
void append_rfc3339(std::string& out, UtcTime time);

/// RFC 3339 with 'T', 't' or a space, any number of fraction digits (floored to microseconds), 'Z', 'z', '±hh:mm' or '±hhmm'.
/// A leap second (":60") is read as the second after :59. nullopt for anything else, also for dates that do not exist.
std::optional<UtcTime> parse_rfc3339(std::string_view text) noexcept;

}  // namespace mds
