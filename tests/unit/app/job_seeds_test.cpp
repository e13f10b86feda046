#include "app/job_seeds.hpp"

#include "support/catch.hpp"
#include "support/loop.hpp"
#include "support/manual_clock.hpp"
#include "support/scripted_provider.hpp"
#include "support/seeded_random.hpp"

#include <map>
#include <optional>

using namespace mds;
using namespace mds::app;
using namespace mds::test;
using namespace std::chrono_literals;

namespace {

class Jobs final : public JobStore, public JobReads {
public:
    Task<CreateOutcome> create(Job job, std::optional<Idempotency>) override {
        auto const id = job.id;
        jobs.emplace(id, std::move(job));
        co_return JobCreated{};
    }
    Task<Job> change(std::string, JobChange, UtcTime) override { co_return Error(ErrorCode::internal, "not asked for"); }
    Task<std::optional<Job>> find(std::string id) override {
        if (away) co_return Error(ErrorCode::unavailable, "away");
        auto const found = jobs.find(id);
        if (found == jobs.end()) co_return std::optional<Job>();
        co_return std::optional<Job>(found->second);
    }
    Task<JobPage> list(JobFilter) override { co_return JobPage(); }
    Task<std::vector<TargetState>> target_states(std::vector<Target>) override { co_return std::vector<TargetState>(); }

    std::map<std::string, Job> jobs;
    bool away = false;
};

struct Fixture {
    Fixture() {
        directory.add(simulated);
        directory.add_alias("sim", simulated);
    }
    Result<std::size_t> seed(std::vector<JobSeed> seeds) {
        JobSeeding const seeding{jobs, jobs, directory, clock, SymbolCase::upper, "simulated"};
        return loop.run(seed_jobs(seeding, std::move(seeds)));
    }

    Loop loop;
    ManualClock clock;
    SeededRandom random{1};
    ScriptedProvider simulated{"simulated", clock, random};
    FakeDirectory directory;
    Jobs jobs;
};

JobSeed const demo{"demo", {"aapl", "MSFT", "AAPL"}, 1s, {}};

}  // namespace

TEST_CASE("a job of the configuration is created at the first start and never again") {
    Fixture fixture;
    REQUIRE(fixture.seed({demo}).value() == 1);
    auto const id = seeded_job_id("demo");
    auto const& job = fixture.jobs.jobs.at(id);
    CHECK(job.status == JobStatus::accepted);
    CHECK(job.config.symbols.size() == 2);
    CHECK(job.config.symbols[0].str() == "AAPL");
    CHECK(job.config.interval == 1s);
    CHECK(job.config.providers == std::vector<std::string>{"simulated"});
    CHECK_FALSE(job.config.provider_is_list);
    CHECK(job.created_at == fixture.clock.now());
    CHECK(fixture.seed({demo}).value() == 0);
}

TEST_CASE("a job that users cancelled or changed is left alone, whatever the configuration says now") {
    Fixture fixture;
    fixture.seed({demo}).value();
    auto& job = fixture.jobs.jobs.begin()->second;
    job.status = JobStatus::cancelled;
    job.config.interval = 60s;
    auto changed = demo;
    changed.interval = 5s;
    CHECK(fixture.seed({changed}).value() == 0);
    CHECK(fixture.jobs.jobs.size() == 1);
    CHECK(job.status == JobStatus::cancelled);
    CHECK(job.config.interval == 60s);
}

TEST_CASE("jobs of other names are other jobs, and ids have the form that the API gives") {
    Fixture fixture;
    auto other = demo;
    other.name = "other";
    other.provider = {{"sim"}, true};
    CHECK(fixture.seed({demo, other}).value() == 2);
    auto const id = seeded_job_id("other");
    CHECK(id.size() == 5 + 32);
    CHECK(id.starts_with("poll_"));
    CHECK(id.find_first_not_of("0123456789abcdef", 5) == id.npos);
    CHECK(fixture.jobs.jobs.at(id).config.providers == std::vector<std::string>{"simulated"});
    CHECK(fixture.jobs.jobs.at(id).config.provider_is_list);
}

TEST_CASE("a store that is away is an error of the start") {
    Fixture fixture;
    fixture.jobs.away = true;
    CHECK(fixture.seed({demo}).error().code == ErrorCode::unavailable);
}
