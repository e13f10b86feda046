#include "support/catch.hpp"

#include <mds/domain/error.hpp>
#include <mds/domain/job.hpp>
#include <mds/domain/observation.hpp>
#include <mds/domain/outcome.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using namespace mds;

// The texts stand in tables, metrics and answers: a change of any of them breaks somebody.

TEST_CASE("outcomes have fixed texts, read back as they were written") {
    std::vector<std::string> const texts{"ok",
                                         "unknown_symbol",
                                         "bad_symbol_in_batch",
                                         "batch_too_large",
                                         "rate_limited",
                                         "quota_exhausted",
                                         "auth",
                                         "entitlement",
                                         "bad_request",
                                         "banned",
                                         "blocked",
                                         "unavailable",
                                         "timeout",
                                         "no_data",
                                         "malformed",
                                         "unclassified_error"};
    for (std::size_t i = 0; i < texts.size(); ++i) {
        CHECK(to_string(static_cast<Outcome>(i)) == texts[i]);
        CHECK(parse_outcome(texts[i]) == static_cast<Outcome>(i));
    }
    CHECK_FALSE(parse_outcome("OK"));
    CHECK_FALSE(parse_outcome(""));
}

TEST_CASE("reasons, sources, causes, states and healths have fixed texts") {
    std::vector<std::string> const reasons{"overrun",       "down_time",  "store_down", "clock_jump",
                                           "provider_wait", "lease_lost", "quota"};
    for (std::size_t i = 0; i < reasons.size(); ++i) CHECK(to_string(static_cast<MissedReason>(i)) == reasons[i]);
    std::vector<std::string> const sources{"quote", "date", "receive"};
    for (std::size_t i = 0; i < sources.size(); ++i) {
        CHECK(to_string(static_cast<TimeSource>(i)) == sources[i]);
        CHECK(parse_time_source(sources[i]) == static_cast<TimeSource>(i));
    }
    std::vector<std::string> const causes{"schedule", "immediate", "read", "foreign"};
    for (std::size_t i = 0; i < causes.size(); ++i) {
        CHECK(to_string(static_cast<FetchCause>(i)) == causes[i]);
        CHECK(parse_fetch_cause(causes[i]) == static_cast<FetchCause>(i));
    }
    std::vector<std::string> const states{"accepted", "active", "paused", "cancelled"};
    for (std::size_t i = 0; i < states.size(); ++i) {
        CHECK(to_string(static_cast<JobStatus>(i)) == states[i]);
        CHECK(parse_job_status(states[i]) == static_cast<JobStatus>(i));
    }
    std::vector<std::string> const healths{"unknown", "up", "down"};
    for (std::size_t i = 0; i < healths.size(); ++i) CHECK(to_string(static_cast<TargetHealth>(i)) == healths[i]);
    CHECK_FALSE(parse_time_source("quotes"));
    CHECK_FALSE(parse_fetch_cause(""));
    CHECK_FALSE(parse_job_status("done"));
}

TEST_CASE("value() of a failure throws both its texts") {
    Result<int> const failed = Error(ErrorCode::unavailable, "store is away", "disk full");
    CHECK_THROWS_WITH(failed.value(), "store is away: disk full");
    Result<int> const short_one = Error(ErrorCode::unavailable, "store is away");
    CHECK_THROWS_WITH(short_one.value(), "store is away");
    CHECK_THROWS_AS(short_one.value(), std::runtime_error);
}
