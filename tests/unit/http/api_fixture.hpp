#pragma once
// The whole module over the real services, with fakes for the ports.

#include "modules/http/http_module.hpp"
#include "support/manual_clock.hpp"
#include "support/memory_store.hpp"
#include "support/scripted_provider.hpp"
#include "support/seeded_random.hpp"
#include "unit/http/client.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mds::http::test {

using mds::test::FakeDirectory;
using mds::test::ManualClock;
using mds::test::MemoryStore;
using mds::test::ScriptedProvider;
using mds::test::SeededRandom;

/// Jobs in memory, with the ports' promises. Any thread.
class MemoryJobs final : public JobStore, public JobReads, public PollPlanStore {
public:
    Task<CreateOutcome> create(Job job, std::optional<Idempotency> key) override {
        std::lock_guard const lock(mutex_);
        if (key) {
            auto const found = keys_.find(key->key);
            if (found != keys_.end()) {
                CreateOutcome outcome = IdempotencyConflict();
                if (found->second.digest == key->request_digest) outcome = JobReplayed{found->second.job_id, found->second.answer};
                co_return outcome;
            }
            keys_[key->key] = Remembered{key->request_digest, job.id, key->answer};
        }
        jobs_.push_back(std::move(job));
        co_return CreateOutcome(JobCreated());
    }
    Task<Job> change(std::string id, JobChange change, UtcTime now) override {
        std::lock_guard const lock(mutex_);
        Job* const job = locate(id);
        if (job == nullptr) co_return Error(ErrorCode::not_found, "there is no job " + id);
        bool const cancel = std::holds_alternative<JobCancel>(change);
        if (job->status == JobStatus::cancelled && !cancel) co_return Error(ErrorCode::conflict, "the job is cancelled");
        if (cancel) job->status = JobStatus::cancelled;
        if (std::holds_alternative<JobPause>(change)) job->status = JobStatus::paused;
        if (std::holds_alternative<JobResume>(change)) job->status = job->ticked ? JobStatus::active : JobStatus::accepted;
        if (std::holds_alternative<JobRun>(change)) ++job->run_requested;
        if (auto* const patch = std::get_if<JobPatch>(&change)) {
            if (patch->interval) job->config.interval = *patch->interval;
            if (patch->symbols) job->config.symbols = *patch->symbols;
            if (patch->providers) job->config.providers = *patch->providers;
            if (patch->providers) job->config.provider_is_list = patch->provider_is_list;
        }
        job->active_since = now;
        co_return *job;
    }
    Task<std::optional<Job>> find(std::string id) override {
        std::lock_guard const lock(mutex_);
        Job const* const job = locate(id);
        co_return job == nullptr ? std::optional<Job>() : std::optional<Job>(*job);
    }
    Task<JobPage> list(JobFilter filter) override {
        std::lock_guard const lock(mutex_);
        JobPage page;
        for (Job const& job : jobs_) {
            if (filter.status && job.status != *filter.status) continue;
            if (filter.symbol && std::ranges::find(job.config.symbols, *filter.symbol) == job.config.symbols.end()) continue;
            if (filter.cursor && std::pair(job.created_at, job.id) <= *filter.cursor) continue;
            if (page.jobs.size() == filter.limit) {
                page.more = true;
                break;
            }
            page.jobs.push_back(job);
        }
        co_return page;
    }
    Task<std::vector<TargetState>> target_states(std::vector<Target> targets) override {
        std::lock_guard const lock(mutex_);
        std::vector<TargetState> states;
        for (Target const& target : targets) states.push_back(states_[target.symbol.str()]);
        co_return states;
    }

    Task<std::optional<PollPlan>> load(std::optional<std::int64_t>) override {
        std::lock_guard const lock(mutex_);
        PollPlan plan;
        plan.jobs = jobs_;
        co_return std::optional<PollPlan>(std::move(plan));
    }
    Task<std::map<std::string, UtcTime>> provider_waits() override {
        std::lock_guard const lock(mutex_);
        co_return waits_;
    }
    Task<void> record(std::vector<MissedRange>, std::vector<JobProgress>, std::map<std::string, UtcTime> not_before) override {
        std::lock_guard const lock(mutex_);
        waits_ = std::move(not_before);
        co_return Result<void>();
    }

    void set_state(std::string const& symbol, TargetState state) {
        std::lock_guard const lock(mutex_);
        states_[symbol] = std::move(state);
    }
    void set_ticked(std::size_t index) {
        std::lock_guard const lock(mutex_);
        jobs_.at(index).ticked = true;
        jobs_.at(index).status = JobStatus::active;
    }
    std::vector<Job> jobs() const {
        std::lock_guard const lock(mutex_);
        return jobs_;
    }

private:
    struct Remembered {
        std::string digest;
        std::string job_id;
        std::string answer;
    };
    Job* locate(std::string const& id) {
        auto const found = std::ranges::find(jobs_, id, &Job::id);
        return found == jobs_.end() ? nullptr : &*found;
    }

    mutable std::mutex mutex_;
    std::vector<Job> jobs_;
    std::map<std::string, Remembered> keys_;
    std::map<std::string, TargetState> states_;
    std::map<std::string, UtcTime> waits_;
};

/// Averages of the stored period, oldest first. Any thread.
class MemoryAverages final : public AverageReads {
public:
    Task<std::optional<AveragePoint>> newest(Series) override {
        co_return averages.empty() ? std::optional<AveragePoint>() : std::optional<AveragePoint>(averages.back());
    }
    Task<AveragePage> page(AverageQuery query) override {
        AveragePage page;
        for (auto average = averages.rbegin(); average != averages.rend(); ++average) {
            if (query.start && average->calculated_at < *query.start) continue;
            if (query.end && average->calculated_at >= *query.end) continue;
            if (query.cursor && average->seq >= *query.cursor) continue;
            if (page.averages.size() == query.limit) {
                page.more = true;
                break;
            }
            page.averages.push_back(*average);
        }
        co_return page;
    }
    std::vector<AveragePoint> averages;  ///< set before the first request
};

/// Says what the test wrote, and keeps what it was asked. Fetch thread.
class ScriptedTrials final : public ProviderTrials {
public:
    Task<TrialAnswer> ask(TrialQuestion question) override {
        asked.push_back(std::move(question));
        co_return answer;
    }
    TrialAnswer answer;  ///< set before the request
    std::vector<TrialQuestion> asked;
};

struct Api {
    ManualClock clock;
    SeededRandom random;
    support::Metrics metrics;
    support::Log log = support::Log::silent();
    support::IoThread http_thread{"http"};
    support::IoThread fetch_thread{"fetch"};
    MemoryStore store;
    LatestCache cache;
    Ingest ingest{store, clock, random, {&cache}, log, metrics};
    ScriptedProvider alpha{"alpha_vantage", clock, random};
    ScriptedProvider finnhub{"finnhub", clock, random};
    FakeDirectory providers;
    ProviderHolds holds;
    ScriptedTrials trials;
    ProviderDesk desk{providers, trials, holds, clock, fetch_thread.executor()};
    LatestPriceService latest{cache, store, providers, holds, ingest, clock, random, fetch_thread.executor(), log, metrics, {}};
    MemoryJobs job_store;
    PollForecast forecast{job_store, providers, clock};
    JobService jobs{job_store, job_store, forecast, providers, clock, random, [] {}};
    MemoryAverages stored_averages;
    MovingAverages averages{stored_averages, store};
    std::vector<std::pair<std::string, Health>> health{{"http", Health{true, ""}}, {"store", Health{true, ""}}};
    std::unique_ptr<HttpModule> module;

    explicit Api(bool provider_trials = false) {
        providers.add(alpha);
        providers.add(finnhub);
        providers.add_alias("av", alpha);
        alpha.says("150.25");
        finnhub.says("99.5");
        fetch_thread.start();
        ingest.start();
        Options options;
        options.address = "127.0.0.1";
        options.port = 0;
        options.default_provider = "alpha_vantage";
        options.failover = {"finnhub", "alpha_vantage"};
        options.version = "1.2.3";
        options.provider_trials = provider_trials;
        Dependencies deps{{&http_thread}, cache, latest, jobs, averages, store, providers, desk, clock, random, log, metrics, [this] { return health; }};
        module = std::make_unique<HttpModule>(options, std::move(deps));
        module->start();
    }
    ~Api() {
        auto const soon = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        module->drain(soon);
        ingest.interrupt();
        ingest.drain(soon);
        fetch_thread.release();
        fetch_thread.join(soon);
    }

    Client client() const { return Client(module->port()); }

    /// A stored point, `age` old, also in the memory cache.
    PricePoint add_point(std::string const& symbol, std::int64_t seq, std::string const& price, std::chrono::seconds age,
                         std::string const& provider = "alpha_vantage") {
        PricePoint point(Uuid::v7(clock.now(), random.next(), random.next()), Series(*Symbol::parse(symbol), provider), seq,
                         *Price::parse(price).price, clock.now() - age - std::chrono::minutes(1), clock.now() - age,
                         Uuid::v7(clock.now(), random.next(), random.next()));
        store.add(point);
        cache.offer(point);
        return point;
    }
};

}  // namespace mds::http::test
