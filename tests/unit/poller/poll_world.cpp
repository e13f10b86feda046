#include "poll_world.hpp"

#include "support/offload.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <stdexcept>

namespace mds::polltest {

Awaitable<bool> PollTimer::sleep_until(SteadyTime when) {
    auto start = [this, when](auto handler) {
        auto const shared = std::make_shared<decltype(handler)>(std::move(handler));
        auto const home = net::get_associated_executor(*shared);
        auto const wake = std::make_shared<Wake>([shared, home](bool came) {
            net::post(home, [shared, came] { std::move (*shared)(came); });
        });
        auto const fire = [wake](bool came) {
            if (auto const once = std::exchange(*wake, nullptr)) once(came);
        };
        if (cancelled_) return fire(false);
        if (when <= time_.steady_now()) return fire(true);
        std::erase_if(sleepers_, [](auto const& sleeper) { return sleeper.expired(); });
        sleepers_.push_back(wake);
        time_.at(when, [fire] { fire(true); });
    };
    return net::async_initiate<net::use_awaitable_t<IoExecutor> const, void(bool)>(std::move(start), support::use_task);
}

void PollTimer::cancel_all() noexcept {
    cancelled_ = true;
    for (auto const& sleeper : std::exchange(sleepers_, {})) {
        auto const wake = sleeper.lock();
        if (!wake) continue;
        if (auto const once = std::exchange(*wake, nullptr)) once(false);
    }
}

bool PollTimer::anybody_sleeps() const {
    return std::ranges::any_of(sleepers_, [](auto const& sleeper) {
        auto const wake = sleeper.lock();
        return wake && *wake;
    });
}

Awaitable<FetchAnswer> ScriptedProvider::fetch(std::vector<Symbol> symbols, SteadyTime deadline, FetchCause /*cause*/) {
    Request request{time_.steady_now(), time_.now(), symbols};
    requests.push_back(std::move(request));
    most_in_flight = std::max(most_in_flight, ++in_flight);
    auto const began = time_.steady_now();
    Reply reply = script(symbols);
    if (reply.quota_wait) {
        requests.pop_back();
        reply.all = Outcome::rate_limited;
        reply.answered = false;
        reply.latency = milliseconds(0);
    }
    if (began + reply.latency > deadline) {
        reply.all = Outcome::timeout;
        reply.answered = false;
    }
    co_await time_.sleep_until(std::min(began + reply.latency, deadline));
    --in_flight;
    FetchAnswer answer;
    if (reply.answered) answer.answer.emplace();
    answer.fetched_at = time_.now();
    answer.duration = std::chrono::duration_cast<microseconds>(time_.steady_now() - began);
    answer.retry_after = reply.retry_after;
    answer.quota_wait = reply.quota_wait;
    for (auto const& one : symbols) {
        auto const found = reply.rejects.find(one);
        if (reply.all || found != reply.rejects.end()) {
            answer.results.emplace_back(one, Reject(found != reply.rejects.end() ? found->second : *reply.all, "scripted"));
            continue;
        }
        auto const id = Uuid::v7(time_.now(), random_.next(), random_.next());
        answer.results.emplace_back(one, Quote(id, Price::parse("1.5").price.value(), time_.now(), TimeSource::quote));
    }
    co_return answer;
}

ScriptedProvider& World::provider(std::string const& name, std::size_t batch_max) {
    auto& made = providers[name];
    if (!made) made = std::make_unique<ScriptedProvider>(time, random, name, batch_max);
    return *made;
}

PriceProvider* World::find(std::string_view name) const noexcept {
    auto const found = providers.find(std::string(name));
    return found == providers.end() ? nullptr : found->second.get();
}

Awaitable<void> World::store_is_up() {
    do co_await time.sleep_until(time.steady_now() + commit_latency);
    while (!store_up);
}

void World::settle(std::string const& group, UtcTime due) {
    auto& last = last_settled[group];
    last = std::max(last, due);
}

Task<std::vector<PricePoint>> World::submit(Observation observation) {
    if (std::exchange(break_next, false)) throw std::runtime_error("scripted");
    if (refuse_next) co_return *std::exchange(refuse_next, std::nullopt);
    co_await store_is_up();
    if (fence != nullptr && observation.tick && fence->term(observation.tick->lease) != observation.tick->term) {
        observation.tick.reset();
        observation.settles_tick = false;
    }
    if (observation.settles_tick) settle(observation.tick->group, observation.tick->due);
    for (auto const& one : observation.symbols) polled_at_[std::pair(observation.provider, one)] = observation.fetched_at;
    observations.push_back(std::move(observation));
    co_return std::vector<PricePoint>();
}

Task<std::optional<PollPlan>> World::load(std::optional<std::int64_t> known) {
    co_await time.sleep_until(time.steady_now() + commit_latency);
    if (!store_up) co_return Error(ErrorCode::unavailable, "the store is away");
    if (known == revision) co_return std::optional<PollPlan>();
    PollPlan plan;
    plan.revision = revision;
    for (auto const& [id, one] : jobs) {
        bool const idle = one.status == JobStatus::paused && one.run_done >= one.run_requested;
        if (one.status != JobStatus::cancelled && !idle) plan.jobs.push_back(one);
    }
    for (auto const& one : plan.jobs) add_unpolled(one, plan);
    plan.last_settled = last_settled;
    plan.not_before = not_before;
    co_return std::optional<PollPlan>(std::move(plan));
}

void World::add_unpolled(Job const& job, PollPlan& plan) const {
    if (job.status != JobStatus::active) return;
    for (auto const& one : job.config.symbols) {
        std::optional<UtcTime> polled;
        for (auto const& name : job.config.providers) {
            auto const found = polled_at_.find(std::pair(name, one));
            if (found != polled_at_.end()) polled = std::max(polled.value_or(found->second), found->second);
        }
        if (!polled || *polled < job.active_since) plan.unpolled.push_back(UnpolledTarget{job.id, one, polled});
    }
}

Task<void> World::record(std::vector<MissedRange> ranges, std::vector<JobProgress> progress, std::map<std::string, UtcTime> waits) {
    co_await time.sleep_until(time.steady_now() + commit_latency);
    if (!store_up) co_return Error(ErrorCode::unavailable, "the store is away");
    for (auto& range : ranges) {
        if (fence != nullptr && fence->term(range.lease) != range.term) {
            ++ranges_fenced;
            continue;
        }
        settle(range.group, range.last);
        missed.push_back(std::move(range));
    }
    for (auto const& done : progress) {
        auto& one = jobs.at(done.id);
        one.ticked = one.ticked || done.ticked;
        if (one.ticked && one.status == JobStatus::accepted) one.status = JobStatus::active;
        one.run_done = std::max(one.run_done, done.run_done);
    }
    for (auto const& [name, until] : waits) not_before[name] = until;
    co_return Result<void>();
}

Job& World::job(std::string const& id, std::vector<std::string> symbols, int interval, std::vector<std::string> list) {
    Job& made = jobs[id];
    made.id = id;
    made.created_at = time.now();
    made.active_since = time.now();
    made.config.interval = seconds(interval);
    made.config.providers = std::move(list);
    for (auto const& one : symbols) made.config.symbols.push_back(symbol(one));
    return made;
}

void World::changed() {
    ++revision;
    if (driver) driver->changed();
}

void World::start() {
    context_ = std::make_unique<net::io_context>(1);
    metrics = std::make_unique<support::Metrics>();
    holds = ProviderHolds();
    poll_timer = std::make_unique<PollTimer>(time);
    driver = std::make_unique<PollDriver>(*this, *this, holds, *this, time, *poll_timer, random, context_->get_executor(),
                                          support::Log::silent(), *metrics, options);
    driver->start();
}

Replica& World::join(Leases& leases) {
    auto& replica = *replicas_.emplace_back(std::make_unique<Replica>(time));
    replica.driver = std::make_unique<PollDriver>(*this, *this, replica.holds, *this, time, replica.timer, random,
                                                  replica.context.get_executor(), support::Log::silent(), replica.metrics, options,
                                                  &leases);
    replica.driver->start();
    return replica;
}

double Replica::polled_shards() const {
    auto const text = metrics.render();
    std::string const line = "\nmds_poller_leases ";
    return std::stod(text.substr(text.find(line) + line.size()));
}

Task<LeaseRound> LeaseTable::renew(std::string owner, std::vector<std::string> wanted, milliseconds ttl) {
    if (!up) co_return Error(ErrorCode::unavailable, "the store is away");
    auto const now = time_.steady_now();
    owners_[owner] = now + ttl;
    auto const live = std::ranges::count_if(owners_, [now](auto const& one) { return one.second > now; });
    LeaseRound round;
    round.share = (wanted.size() + static_cast<std::size_t>(live) - 1) / static_cast<std::size_t>(live);
    std::size_t mine = 0;
    for (auto& [key, row] : rows_) {
        if (row.owner != owner || row.expires <= now) continue;
        row.expires = now + ttl;
        mine += std::ranges::count(wanted, key) > 0 ? 1 : 0;
    }
    for (auto const& key : wanted) {
        auto& row = rows_[key];
        if (row.expires > now || mine >= round.share) continue;
        row.owner = owner;
        row.expires = now + ttl;
        ++row.term;
        ++mine;
    }
    for (auto const& [key, row] : rows_) {
        if (row.owner == owner && row.expires > now) round.held.push_back(Lease{key, row.term});
    }
    co_return round;
}

Task<void> LeaseTable::give_back(std::string owner, std::vector<std::string> keys) {
    for (auto const& key : keys) {
        if (rows_[key].owner == owner) rows_[key].expires = SteadyTime{};
    }
    co_return Result<void>();
}

Task<void> LeaseTable::leave(std::string owner) {
    for (auto& [key, row] : rows_) {
        if (row.owner == owner) row.expires = SteadyTime{};
    }
    owners_.erase(owner);
    co_return Result<void>();
}

void LeaseTable::expire() {
    for (auto& [key, row] : rows_) row.expires = SteadyTime{};
}

void World::stop() {
    driver->interrupt();
    run(seconds(60));
    crash();
}

void World::crash() {
    time.forget_sleepers();
    if (context_) context_->stop();
    for (auto const& replica : replicas_) replica->context.stop();
    driver.reset();
    replicas_.clear();
    context_.reset();
    poll_timer.reset();
    for (auto& [name, one] : providers) one->in_flight = 0;
}

void World::run(microseconds length) {
    time.run(length, [this] {
        if (context_) {
            context_->restart();
            context_->poll();
        }
        for (auto const& replica : replicas_) {
            if (replica->frozen) continue;
            replica->context.restart();
            replica->context.poll();
        }
    });
}

Ledger::Ledger(World const& world) {
    auto interval_of = [](std::string const& group) {
        auto const at = group.find('@');
        return seconds(std::stoi(group.substr(at + 1)));
    };
    for (auto const& observation : world.observations) {
        if (!observation.settles_tick) continue;
        auto& ticks = groups[observation.tick->group];
        ticks.interval = interval_of(observation.tick->group);
        ++ticks.ends[observation.tick->due];
        ++settled;
    }
    for (auto const& range : world.missed) {
        auto& ticks = groups[range.group];
        ticks.interval = range.interval;
        std::int64_t count = 0;
        for (UtcTime due = range.first; due <= range.last; due += range.interval, ++count) ++ticks.ends[due];
        if (count != range.ticks) ++ticks.ends[range.first];  // a range that miscounts itself
        missed += static_cast<std::size_t>(count);
        by_reason[range.reason] += count;
    }
}

std::size_t Ledger::twice() const {
    std::size_t count = 0;
    for (auto const& [name, ticks] : groups) {
        for (auto const& [due, ends] : ticks.ends) count += ends > 1;
    }
    return count;
}

std::size_t Ledger::holes() const {
    std::size_t count = 0;
    for (auto const& [name, ticks] : groups) {
        if (ticks.ends.empty()) continue;
        auto const span = (ticks.ends.rbegin()->first - ticks.ends.begin()->first) / ticks.interval + 1;
        count += static_cast<std::size_t>(span) - ticks.ends.size();
    }
    return count;
}

}  // namespace mds::polltest
