#include <mds/domain/job.hpp>

namespace mds {

std::string_view to_string(JobStatus status) noexcept {
    switch (status) {
        case JobStatus::accepted: return "accepted";
        case JobStatus::active: return "active";
        case JobStatus::paused: return "paused";
        case JobStatus::cancelled: return "cancelled";
    }
    return "cancelled";
}

std::optional<JobStatus> parse_job_status(std::string_view text) noexcept {
    for (auto const status : {JobStatus::accepted, JobStatus::active, JobStatus::paused, JobStatus::cancelled}) {
        if (to_string(status) == text) return status;
    }
    return std::nullopt;
}

std::string_view to_string(TargetHealth health) noexcept {
    switch (health) {
        case TargetHealth::unknown: return "unknown";
        case TargetHealth::up: return "up";
        case TargetHealth::down: return "down";
    }
    return "unknown";
}

}  // namespace mds
