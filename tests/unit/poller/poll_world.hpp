#pragma once
// A poller in a world of its own: virtual time, scripted providers, a store that forgets nothing. One thread, run by hand.

#include <mds/ports/clock.hpp>
#include <mds/ports/poll_plan.hpp>
#include <mds/ports/provider.hpp>

#include "services/observation_sink.hpp"
#include "services/poll_driver.hpp"
#include "support/log.hpp"
#include "support/metrics.hpp"
#include "support/virtual_time.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace mds::polltest {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline Symbol symbol(std::string const& text) { return *Symbol::parse(text); }

using test::VirtualTime;

/// The poller's timer: its sleepers can be woken before their time.
class PollTimer final : public Timer {
public:
    explicit PollTimer(VirtualTime& time) : time_(time) {}
    Awaitable<bool> sleep_until(SteadyTime when) override;
    void cancel_all() noexcept override;
    bool anybody_sleeps() const;

private:
    using Wake = std::function<void(bool)>;  ///< empty once called
    VirtualTime& time_;
    bool cancelled_ = false;
    std::vector<std::weak_ptr<Wake>> sleepers_;  ///< VirtualTime holds them
};

class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
    std::uint64_t next() noexcept override { return engine_(); }

private:
    std::mt19937_64 engine_;
};

/// What a scripted provider does with one request. Symbols without an entry in `rejects` get a price.
struct Reply {
    milliseconds latency{20};
    std::optional<Outcome> all;  ///< this for every symbol
    std::map<Symbol, Outcome> rejects;
    std::optional<seconds> retry_after;
    bool answered = true;        ///< false: no bytes came
    std::optional<QuotaWait> quota_wait = std::nullopt;  ///< it was not asked: all as rate_limited, at once
};

class ScriptedProvider final : public PriceProvider {
public:
    struct Request {
        SteadyTime at;
        UtcTime wall;
        std::vector<Symbol> symbols;
    };

    ScriptedProvider(VirtualTime& time, Random& random, std::string name, std::size_t batch_max) : time_(time), random_(random) {
        traits_.name = std::move(name);
        traits_.batch_max = batch_max;
    }
    ProviderTraits const& traits() const noexcept override { return traits_; }
    Awaitable<FetchAnswer> fetch(std::vector<Symbol> symbols, SteadyTime deadline, FetchCause cause) override;

    ProviderTraits traits_;
    std::function<Reply(std::vector<Symbol> const&)> script = [](auto const&) { return Reply{}; };
    std::vector<Request> requests;
    std::size_t in_flight = 0;
    std::size_t most_in_flight = 0;

private:
    VirtualTime& time_;
    Random& random_;
};

/// The leases as a store keeps them, by virtual time.
class LeaseTable final : public Leases {
public:
    explicit LeaseTable(VirtualTime& time) : time_(time) {}
    Task<LeaseRound> renew(std::string owner, std::vector<std::string> wanted, milliseconds ttl) override;
    Task<void> give_back(std::string owner, std::vector<std::string> keys) override;
    Task<void> leave(std::string owner) override;

    std::int64_t term(std::string const& key) const {
        auto const found = rows_.find(key);
        return found == rows_.end() ? 0 : found->second.term;
    }

    /// All at once, as by a jump of the store's clock.
    void expire();

    bool up = true;

private:
    struct Row {
        std::string owner;
        std::int64_t term = 0;
        SteadyTime expires{};
    };
    VirtualTime& time_;
    std::map<std::string, Row> rows_;
    std::map<std::string, SteadyTime> owners_;
};

/// One of several pollers of the same world, with memory and thread of its own.
struct Replica {
    net::io_context context{1};
    support::Metrics metrics;
    ProviderHolds holds;
    PollTimer timer;
    std::unique_ptr<PollDriver> driver;
    bool frozen = false;  ///< as after SIGSTOP; for ever: as after SIGKILL

    explicit Replica(VirtualTime& time) : timer(time) {}
    double polled_shards() const;
};

/// The durable world: survives the poller.
class World final : public ProviderDirectory, public ObservationSink, public PollPlanStore {
public:
    explicit World(std::uint64_t seed = 1) : random(seed) {}
    ~World() override { crash(); }
    World(World const&) = delete;
    World& operator=(World const&) = delete;

    ScriptedProvider& provider(std::string const& name, std::size_t batch_max = 1);
    PriceProvider* find(std::string_view name) const noexcept override;
    std::vector<std::string> names() const override { return {}; }

    Task<std::vector<PricePoint>> submit(Observation observation) override;
    bool accepting() const noexcept override { return store_accepts; }
    Task<std::optional<PollPlan>> load(std::optional<std::int64_t> known) override;
    Task<std::map<std::string, UtcTime>> provider_waits() override { co_return not_before; }
    Task<void> record(std::vector<MissedRange> missed, std::vector<JobProgress> progress, std::map<std::string, UtcTime> not_before) override;

    Job& job(std::string const& id, std::vector<std::string> symbols, int interval, std::vector<std::string> providers);
    void changed();  ///< one more revision, and the poller is told

    void start();
    Replica& join(Leases& leases);  ///< one more poller beside others
    void stop();                    ///< gracefully
    void crash();                   ///< everything in memory is gone
    void run(microseconds time);
    void hold_up(microseconds by) { time.move_to(time.steady_now() + by); }  ///< time passes, and nothing of the poller runs
    microseconds lived() const { return std::chrono::duration_cast<microseconds>(time.steady_now() - began_); }

    VirtualTime time;
    SeededRandom random;
    PollDriverOptions options;
    std::map<std::string, std::unique_ptr<ScriptedProvider>> providers;
    std::map<std::string, Job> jobs;
    std::int64_t revision = 1;

    bool store_accepts = true;
    bool store_up = true;           ///< false: plan and records fail, submitted observations wait
    milliseconds commit_latency{2};
    LeaseTable const* fence = nullptr;  ///< the store takes no tick and no missed range in a term that is over
    std::size_t ranges_fenced = 0;
    std::optional<Error> refuse_next;
    bool break_next = false;        ///< the next submit throws

    std::vector<Observation> observations;
    std::vector<MissedRange> missed;
    std::map<std::string, UtcTime> last_settled;
    std::map<std::string, UtcTime> not_before;
    ProviderHolds holds;            ///< in memory: a start begins with none
    std::unique_ptr<support::Metrics> metrics;
    std::unique_ptr<PollTimer> poll_timer;
    std::unique_ptr<PollDriver> driver;

private:
    void settle(std::string const& group, UtcTime due);
    Awaitable<void> store_is_up();
    void add_unpolled(Job const& job, PollPlan& plan) const;

    std::map<std::pair<std::string, Symbol>, UtcTime> polled_at_;
    SteadyTime began_ = time.steady_now();
    std::unique_ptr<net::io_context> context_;
    std::vector<std::unique_ptr<Replica>> replicas_;
};

/// How every tick ended, from the tables alone.
struct Ledger {
    struct Ticks {
        microseconds interval{0};
        std::map<UtcTime, int> ends;  ///< how many ends each due tick has
    };
    std::map<std::string, Ticks> groups;
    std::size_t settled = 0;
    std::size_t missed = 0;
    std::map<MissedReason, std::int64_t> by_reason;

    explicit Ledger(World const& world);
    std::size_t twice() const;  ///< ticks with more than one end
    std::size_t holes() const;  ///< ticks without an end between a group's first and last
};

}  // namespace mds::polltest
