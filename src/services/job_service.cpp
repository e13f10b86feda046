#include "services/job_service.hpp"

#include "services/unknown_provider.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace mds {
namespace {

/// "poll_" and 128 random bits.
std::string new_job_id(Random& random) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string id = "poll_";
    for (int word = 0; word < 2; ++word) {
        auto const bits = random.next();
        for (int shift = 60; shift >= 0; shift -= 4) id.push_back(digits[(bits >> shift) & 15]);
    }
    return id;
}

std::vector<Target> targets_of(Job const& job) {
    std::vector<Target> targets;
    targets.reserve(job.config.symbols.size());
    for (auto const& symbol : job.config.symbols) targets.emplace_back(job.config.providers, symbol);
    return targets;
}

}  // namespace

JobService::JobService(JobStore& store, JobReads& reads, PollForecast& forecast, ProviderDirectory& providers, Clock& clock,
                       Random& random, std::function<void()> changed)
    : store_(store),
      reads_(reads),
      forecast_(forecast),
      providers_(providers),
      clock_(clock),
      random_(random),
      changed_(std::move(changed)) {}

Result<std::vector<std::string>> JobService::known(std::vector<std::string> const& names) const {
    std::vector<std::string> known;
    for (auto const& name : names) {
        auto const* const provider = providers_.find(name);
        if (provider == nullptr) return unknown_provider(name, providers_);
        auto const& canonical = provider->traits().name;
        if (std::ranges::find(known, canonical) == known.end()) known.push_back(canonical);
    }
    return known;
}

Task<JobService::Accepted> JobService::create(JobConfig config, std::optional<Key> key,
                                              std::function<std::string(Job const&)> render) {
    auto names = known(config.providers);
    if (!names) co_return names.error();
    Job job;
    job.id = new_job_id(random_);
    job.config = std::move(config);
    job.config.providers = std::move(*names);
    job.created_at = clock_.now();
    job.active_since = job.created_at;

    Accepted accepted{job.id, render(job)};
    std::optional<Idempotency> idempotency;
    if (key) idempotency = Idempotency{std::move(key->key), std::move(key->request_digest), accepted.body};
    auto outcome = co_await store_.create(std::move(job), std::move(idempotency));
    if (!outcome) co_return outcome.error();
    if (std::holds_alternative<IdempotencyConflict>(*outcome)) {
        co_return Error(ErrorCode::conflict, "this Idempotency-Key was used with another request");
    }
    if (auto* const first = std::get_if<JobReplayed>(&*outcome)) {
        co_return Accepted{std::move(first->job_id), std::move(first->answer)};
    }
    changed_();
    co_return accepted;
}

Task<JobView> JobService::change(std::string id, JobChange change) {
    if (auto* const patch = std::get_if<JobPatch>(&change); patch != nullptr && patch->providers) {
        auto names = known(*patch->providers);
        if (!names) co_return names.error();
        patch->providers = std::move(*names);
    }
    auto job = co_await store_.change(std::move(id), std::move(change), clock_.now());
    if (!job) co_return job.error();
    changed_();
    auto view = co_await with_state(std::move(*job));
    co_return view;
}

Task<JobView> JobService::find(std::string id) {
    std::string const wanted = id;
    auto job = co_await reads_.find(std::move(id));
    if (!job) co_return job.error();
    if (!*job) co_return Error(ErrorCode::not_found, "there is no job " + wanted);
    auto view = co_await with_state(std::move(**job));
    co_return view;
}

Task<JobService::Page> JobService::list(JobFilter filter) {
    if (filter.provider) {
        auto const* const provider = providers_.find(*filter.provider);
        if (provider == nullptr) co_return unknown_provider(*filter.provider, providers_);
        filter.provider = provider->traits().name;
    }
    auto jobs = co_await reads_.list(std::move(filter));
    if (!jobs) co_return jobs.error();
    auto views = co_await with_states(std::move(jobs->jobs));
    if (!views) co_return views.error();
    Page page;
    page.jobs = std::move(*views);
    page.more = jobs->more;
    co_return page;
}

Task<JobView> JobService::with_state(Job job) {
    std::vector<Job> jobs;
    jobs.push_back(std::move(job));
    auto views = co_await with_states(std::move(jobs));
    if (!views) co_return views.error();
    co_return std::move(views->front());
}

/// One question for the targets of all jobs.
Task<std::vector<JobView>> JobService::with_states(std::vector<Job> jobs) {
    std::vector<Target> targets;
    for (auto const& job : jobs) std::ranges::move(targets_of(job), std::back_inserter(targets));
    auto states = co_await reads_.target_states(std::move(targets));
    if (!states) co_return states.error();
    // Behind the jobs: the plan is never older than what it is asked about.
    auto const outlook = co_await forecast_.look();
    if (!outlook) co_return outlook.error();
    std::vector<JobView> views;
    views.reserve(jobs.size());
    auto next = std::make_move_iterator(states->begin());
    for (auto& job : jobs) {
        auto const count = static_cast<std::ptrdiff_t>(job.config.symbols.size());
        JobView view;
        view.next_polls = outlook->next_polls(job);
        view.job = std::move(job);
        view.targets.assign(next, next + count);
        next += count;
        views.push_back(std::move(view));
    }
    co_return views;
}

}  // namespace mds
