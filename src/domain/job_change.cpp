#include <mds/domain/job_change.hpp>

namespace mds {
namespace {

struct Apply {
    Job& job;
    UtcTime now;

    bool operator()(JobPatch const& patch) const {
        if (!patch.interval && !patch.symbols && !patch.providers) return false;
        if (patch.interval) job.config.interval = *patch.interval;
        if (patch.symbols) job.config.symbols = *patch.symbols;
        if (patch.providers) {
            job.config.providers = *patch.providers;
            job.config.provider_is_list = patch.provider_is_list;
        }
        job.active_since = now;
        return true;
    }
    bool operator()(JobPause) const {
        if (job.status == JobStatus::paused) return false;
        job.status = JobStatus::paused;
        job.active_since = now;
        return true;
    }
    bool operator()(JobResume) const {
        if (job.status != JobStatus::paused) return false;
        job.status = job.ticked ? JobStatus::active : JobStatus::accepted;
        job.active_since = now;
        return true;
    }
    bool operator()(JobRun) const {
        ++job.run_requested;
        return true;
    }
    bool operator()(JobCancel) const {
        job.status = JobStatus::cancelled;
        return true;
    }
};

}  // namespace

bool apply(JobChange const& change, Job& job, UtcTime now) {
    return std::visit(Apply{job, now}, change);
}

}  // namespace mds
