#include "services/job_service.hpp"

#include "support/catch.hpp"
#include "support/loop.hpp"
#include "support/manual_clock.hpp"
#include "support/scripted_provider.hpp"
#include "support/seeded_random.hpp"

#include <algorithm>
#include <map>

using namespace mds;
using namespace mds::test;
using namespace std::chrono_literals;

namespace {

/// Jobs in a map; target states are told apart by their symbol.
class Jobs final : public JobStore, public JobReads, public PollPlanStore {
public:
    Task<CreateOutcome> create(Job job, std::optional<Idempotency> idempotency) override {
        if (idempotency) {
            auto const [known, fresh] = keys.try_emplace(idempotency->key, *idempotency, job.id);
            if (!fresh && known->second.first.request_digest != idempotency->request_digest) co_return IdempotencyConflict{};
            if (!fresh) co_return JobReplayed{known->second.second, known->second.first.answer};
        }
        order.push_back(job.id);
        jobs.emplace(job.id, std::move(job));
        co_return JobCreated{};
    }
    Task<Job> change(std::string id, JobChange change, UtcTime) override {
        auto const found = jobs.find(id);
        if (found == jobs.end()) co_return Error(ErrorCode::not_found, "no such job");
        if (auto const* const patch = std::get_if<JobPatch>(&change); patch != nullptr && patch->providers) {
            found->second.config.providers = *patch->providers;
        }
        if (std::holds_alternative<JobPause>(change)) found->second.status = JobStatus::paused;
        co_return found->second;
    }
    Task<std::optional<Job>> find(std::string id) override {
        auto const found = jobs.find(id);
        if (found == jobs.end()) co_return std::optional<Job>();
        co_return std::optional<Job>(found->second);
    }
    Task<JobPage> list(JobFilter filter) override {
        last_filter = filter;
        JobPage page;
        for (auto const& id : order) page.jobs.push_back(jobs.at(id));
        page.more = true;
        co_return page;
    }
    Task<std::vector<TargetState>> target_states(std::vector<Target> targets) override {
        ++state_questions;
        std::vector<TargetState> states;
        for (auto const& target : targets) {
            states.emplace_back();
            states.back().last_error = target.symbol.str();
        }
        co_return states;
    }

    Task<std::optional<PollPlan>> load(std::optional<std::int64_t>) override {
        PollPlan plan;
        for (auto const& [id, job] : jobs) plan.jobs.push_back(job);
        co_return std::optional<PollPlan>(std::move(plan));
    }
    Task<std::map<std::string, UtcTime>> provider_waits() override { co_return std::map<std::string, UtcTime>(); }
    Task<void> record(std::vector<MissedRange>, std::vector<JobProgress>, std::map<std::string, UtcTime>) override {
        co_return Result<void>();
    }

    std::map<std::string, Job> jobs;
    std::vector<std::string> order;
    std::map<std::string, std::pair<Idempotency, std::string>> keys;
    JobFilter last_filter;
    int state_questions = 0;
};

struct Fixture {
    Fixture() {
        directory.add(finnhub);
        directory.add(alpha);
        directory.add_alias("av", alpha);
    }

    JobConfig config(std::vector<std::string> providers, std::vector<std::string> symbols = {"AAPL"}) {
        JobConfig config;
        for (auto const& name : symbols) config.symbols.push_back(*Symbol::parse(name));
        config.providers = std::move(providers);
        return config;
    }
    static std::string render(Job const& job) { return "body of " + job.id; }
    Result<JobService::Accepted> create(JobConfig config, std::optional<JobService::Key> key = {}) {
        return loop.run(service.create(std::move(config), std::move(key), render));
    }

    ManualClock clock;
    SeededRandom random;
    ScriptedProvider finnhub{"finnhub", clock, random};
    ScriptedProvider alpha{"alpha_vantage", clock, random};
    FakeDirectory directory;
    Jobs jobs;
    int changes = 0;
    Loop loop;
    PollForecast forecast{jobs, directory, clock};
    JobService service{jobs, jobs, forecast, directory, clock, random, [this] { ++changes; }};
};

}  // namespace

TEST_CASE("a job gets an id of its own, and the poller is woken") {
    Fixture f;
    auto const first = f.create(f.config({"finnhub"}));
    auto const second = f.create(f.config({"finnhub"}));
    REQUIRE(first.has_value());
    CHECK(first->job_id.size() == 37);
    CHECK(first->job_id.rfind("poll_", 0) == 0);
    CHECK(std::all_of(first->job_id.begin() + 5, first->job_id.end(),
                      [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }));
    CHECK(first->job_id != second->job_id);
    CHECK(first->body == "body of " + first->job_id);
    CHECK(f.changes == 2);
    auto const& job = f.jobs.jobs.at(first->job_id);
    CHECK(job.status == JobStatus::accepted);
    CHECK(job.created_at == ManualClock::start);
    CHECK(job.active_since == ManualClock::start);
}

TEST_CASE("a job for an unknown provider is refused at once, with the known ones") {
    Fixture f;
    auto const refused = f.create(f.config({"finnhub", "yahu"}));
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == ErrorCode::invalid_argument);
    CHECK(refused.error().message == "unknown provider 'yahu'; known: alpha_vantage, finnhub");
    CHECK(f.jobs.jobs.empty());
    CHECK(f.changes == 0);

    auto const created = f.create(f.config({"finnhub"}));
    JobPatch patch;
    patch.providers = std::vector<std::string>{"nobody"};
    CHECK(f.loop.run(f.service.change(created->job_id, patch)).error().code == ErrorCode::invalid_argument);
    JobFilter filter;
    filter.provider = "nobody";
    CHECK(f.loop.run(f.service.list(filter)).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("a job keeps the provider that it was given, by its own name and once") {
    Fixture f;
    auto const created = f.create(f.config({"av", "finnhub", "alpha_vantage"}));
    REQUIRE(created.has_value());
    CHECK(f.jobs.jobs.at(created->job_id).config.providers == std::vector<std::string>{"alpha_vantage", "finnhub"});
    JobPatch patch;
    patch.providers = std::vector<std::string>{"av"};
    auto const changed = f.loop.run(f.service.change(created->job_id, patch));
    REQUIRE(changed.has_value());
    CHECK(changed->job.config.providers == std::vector<std::string>{"alpha_vantage"});
    JobFilter filter;
    filter.provider = "av";
    CHECK(f.loop.run(f.service.list(filter)).has_value());
    CHECK(f.jobs.last_filter.provider == "alpha_vantage");
}

TEST_CASE("a known provider without its key is accepted for a job") {
    Fixture f;
    f.finnhub.change_traits().missing_secret = "FINNHUB_API_KEY";
    CHECK(f.create(f.config({"finnhub"})).has_value());
}

TEST_CASE("a repeated Idempotency-Key answers the first result again, or 409 for another request") {
    Fixture f;
    JobService::Key key;
    key.key = "k";
    key.request_digest = "d1";
    auto const first = f.create(f.config({"finnhub"}), key);
    auto const again = f.create(f.config({"finnhub"}), key);
    REQUIRE(again.has_value());
    CHECK(again->job_id == first->job_id);
    CHECK(again->body == first->body);
    CHECK(f.jobs.jobs.size() == 1);
    CHECK(f.changes == 1);
    key.request_digest = "d2";
    auto const other = f.create(f.config({"finnhub"}), key);
    REQUIRE(other.has_error());
    CHECK(other.error().code == ErrorCode::conflict);
}

TEST_CASE("a job is shown with the state of each target in the order of its symbols") {
    Fixture f;
    auto const created = f.create(f.config({"finnhub"}, {"MSFT", "AAPL"}));
    auto const view = f.loop.run(f.service.find(created->job_id));
    REQUIRE(view.has_value());
    REQUIRE(view->targets.size() == 2);
    CHECK(view->targets[0].last_error == "MSFT");
    CHECK(view->targets[1].last_error == "AAPL");
    CHECK(view->next_polls == std::vector<std::optional<UtcTime>>(2, f.clock.now()));
    f.jobs.jobs.at(created->job_id).status = JobStatus::active;
    f.jobs.jobs.at(created->job_id).ticked = true;
    auto const later = f.loop.run(f.service.find(created->job_id));
    REQUIRE(later->next_polls.size() == 2);
    // By the poll plan: another hash, another phase.
    for (auto const& next : later->next_polls) CHECK((next > f.clock.now() && next <= f.clock.now() + 60s));
    CHECK(later->next_polls[0] != later->next_polls[1]);
    CHECK(f.loop.run(f.service.find("poll_0")).error().code == ErrorCode::not_found);
}

TEST_CASE("a page of jobs asks for all target states in one question") {
    Fixture f;
    f.create(f.config({"finnhub"}, {"A", "B", "C"}));
    f.create(f.config({"alpha_vantage"}, {"D"}));
    auto const page = f.loop.run(f.service.list(JobFilter()));
    REQUIRE(page.has_value());
    REQUIRE(page->jobs.size() == 2);
    CHECK(page->more);
    CHECK(page->jobs[0].targets.size() == 3);
    CHECK(page->jobs[0].targets[2].last_error == "C");
    REQUIRE(page->jobs[1].targets.size() == 1);
    CHECK(page->jobs[1].targets[0].last_error == "D");
    CHECK(f.jobs.state_questions == 1);
}

TEST_CASE("a change wakes the poller; a change of an unknown job does not") {
    Fixture f;
    auto const created = f.create(f.config({"finnhub"}));
    auto const paused = f.loop.run(f.service.change(created->job_id, JobPause{}));
    REQUIRE(paused.has_value());
    CHECK(paused->job.status == JobStatus::paused);
    CHECK(f.changes == 2);
    CHECK(f.loop.run(f.service.change("poll_0", JobPause{})).error().code == ErrorCode::not_found);
    CHECK(f.changes == 2);
}
