#pragma once
// Quote times in every encoding that providers use, floored to microseconds.

#include <codec/provider_path.hpp>
#include <mds/domain/observation.hpp>
#include <mds/domain/time.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mds::codec {

enum class TimeEncoding {
    unix_s,   ///< number or numeric text, fractions allowed; 0 means "none"
    unix_ms,
    unix_us,
    unix_ns,  ///< exceeds 2^53: read as an integer, never as a double
    rfc3339,
    datetime,  ///< "2024-10-30 19:59:57.644", 'T' allowed, in `zone`
    date,      ///< "2018-10-05": midnight in `zone`, marked TimeSource::date
};

/// Offset from UTC, with the summer time of the two regions whose exchanges give local times.
struct TimeZone {
    enum class Summer { none, united_states, european_union } summer = Summer::none;
    std::chrono::minutes standard{0};  ///< east of UTC

    /// "UTC", "+05:30", "-0500", "America/New_York", "US/Eastern", "Europe/Warsaw" and a few more (docs/providers.md).
    static std::optional<TimeZone> parse(std::string_view text) noexcept;
    /// The instant of a local time. In the hour that occurs twice: the first; in the one that does not exist: as if still winter.
    UtcTime to_utc(std::chrono::local_time<std::chrono::microseconds> local) const noexcept;
};

/// Where a time stands and how it is written. Several paths are joined with a blank (date and time in two columns).
struct TimeField {
    std::vector<Path> paths;
    TimeEncoding encoding = TimeEncoding::rfc3339;
    TimeZone zone;
};

struct QuoteTime {
    enum class State { found, absent, unreadable } state = State::absent;
    UtcTime at;
    TimeSource source = TimeSource::quote;
};

/// Reads one text. Never absent except for 0 in the unix encodings.
QuoteTime read_time(std::string_view text, TimeEncoding encoding, TimeZone const& zone) noexcept;
QuoteTime find_time(TimeField const& field, Json const& row, SpelledSymbol const& symbol, bool ignore_case);

}  // namespace mds::codec
