#pragma once

#include <mds/ports/clock.hpp>
#include <mds/ports/job_store.hpp>
#include <mds/ports/provider.hpp>
#include <mds/ports/task.hpp>

#include "services/poll_forecast.hpp"

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mds {

/// A job with the state of each of its targets and when it is polled next, in the order of its symbols.
struct JobView {
    Job job;
    std::vector<TargetState> targets;
    std::vector<std::optional<UtcTime>> next_polls;  ///< as PollForecast says
};

/// The routes under /prices/poll behind their parameters. Any I/O thread. Providers may be named by alias; jobs hold, and answers
/// show, their own names without repeats, so that the same target is the same target however it was spelt.
class JobService {
public:
    /// `changed` is called after every committed change, to wake a poller of this process; it must not block.
    JobService(JobStore& store, JobReads& reads, PollForecast& forecast, ProviderDirectory& providers, Clock& clock, Random& random,
               std::function<void()> changed);

    /// Idempotency-Key and the digest of the request it came with.
    struct Key {
        std::string key;
        std::string request_digest;
    };
    /// The job id of a 202 and the body to send: a fresh one, or that of the first request with this key.
    struct Accepted {
        std::string job_id;
        std::string body;
    };
    /// `render`: the 202's body for a job. Errors: invalid_argument (unknown provider, with the known ones), conflict (key reused
    /// with another body), unavailable.
    Task<Accepted> create(JobConfig config, std::optional<Key> key, std::function<std::string(Job const&)> render);

    /// Errors: not_found, conflict (cancelled), invalid_argument (unknown provider), unavailable. `list`: the last two.
    Task<JobView> change(std::string id, JobChange change);
    Task<JobView> find(std::string id);

    struct Page {
        std::vector<JobView> jobs;
        bool more = false;
    };
    Task<Page> list(JobFilter filter);

private:
    Result<std::vector<std::string>> known(std::vector<std::string> const& names) const;
    Task<JobView> with_state(Job job);
    Task<std::vector<JobView>> with_states(std::vector<Job> jobs);

    JobStore& store_;
    JobReads& reads_;
    PollForecast& forecast_;
    ProviderDirectory& providers_;
    Clock& clock_;
    Random& random_;
    std::function<void()> changed_;
};

}  // namespace mds
