#pragma once

#include <mds/domain/job.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mds {

struct JobPatch {
    std::optional<std::chrono::seconds> interval;
    std::optional<std::vector<Symbol>> symbols;
    std::optional<std::vector<std::string>> providers;
    bool provider_is_list = false;
};
struct JobPause {};
struct JobResume {};
struct JobRun {};
struct JobCancel {};
using JobChange = std::variant<JobPatch, JobPause, JobResume, JobRun, JobCancel>;

/// Makes the change to a job that is not cancelled. False: the job is as it was.
bool apply(JobChange const& change, Job& job, UtcTime now);

}  // namespace mds
