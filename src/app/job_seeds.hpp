#pragma once

#include "app/config.hpp"

#include <mds/ports/clock.hpp>
#include <mds/ports/job_store.hpp>
#include <mds/ports/provider.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mds::app {

/// The id of the job that the configuration calls `name`: the same at every start, so that a job is known again whatever became of
/// it.
std::string seeded_job_id(std::string_view name);

/// What job creation works with; everything outlives the coroutine.
struct JobSeeding {
    JobStore& store;
    JobReads& reads;
    ProviderDirectory& providers;
    Clock& clock;
    SymbolCase fold;
    std::string default_provider;
};

/// Creates those jobs that were never there, and returns how many. A job that users changed, paused or cancelled stays as it is,
/// even if its entry in the configuration changed. Errors: those of the store.
Task<std::size_t> seed_jobs(JobSeeding seeding, std::vector<JobSeed> seeds);

}  // namespace mds::app
