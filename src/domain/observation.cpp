#include <mds/domain/observation.hpp>

namespace mds {

std::string_view to_string(TimeSource source) noexcept {
    switch (source) {
        case TimeSource::quote: return "quote";
        case TimeSource::date: return "date";
        case TimeSource::receive: return "receive";
    }
    return "receive";
}

std::optional<TimeSource> parse_time_source(std::string_view text) noexcept {
    for (auto const source : {TimeSource::quote, TimeSource::date, TimeSource::receive}) {
        if (to_string(source) == text) return source;
    }
    return std::nullopt;
}

std::string_view to_string(FetchCause cause) noexcept {
    switch (cause) {
        case FetchCause::schedule: return "schedule";
        case FetchCause::immediate: return "immediate";
        case FetchCause::read: return "read";
        case FetchCause::foreign: return "foreign";
    }
    return "schedule";
}

std::optional<FetchCause> parse_fetch_cause(std::string_view text) noexcept {
    for (auto const cause : {FetchCause::schedule, FetchCause::immediate, FetchCause::read, FetchCause::foreign}) {
        if (to_string(cause) == text) return cause;
    }
    return std::nullopt;
}

}  // namespace mds
