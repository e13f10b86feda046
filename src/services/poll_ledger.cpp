#include "services/poll_ledger.hpp"

#include "support/backoff.hpp"
#include "support/offload.hpp"

#include <boost/asio/detached.hpp>

#include <algorithm>
#include <iterator>

namespace mds {

PollLedger::PollLedger(PollPlanStore& store, Clock& clock, Timer& timer, Random& random, IoExecutor executor, support::Log log,
                       PollMetrics& metrics, std::function<void()> idle)
    : store_(store), clock_(clock), timer_(timer), random_(random), executor_(executor), log_(std::move(log)), metrics_(metrics),
      idle_(std::move(idle)) {}

void PollLedger::add(std::vector<MissedRange> missed, std::vector<JobProgress> progress) {
    if (gave_up_) {  // the next start finds them
        for (auto const& range : missed) ++unrecorded_[range.group];
        return;
    }
    for (auto& range : missed) append(std::move(range));
    for (auto& job : progress) {
        auto id = job.id;
        pending_.progress.insert_or_assign(std::move(id), std::move(job));
    }
    wake();
}

void PollLedger::hold(std::string const& provider, UtcTime until) {
    if (gave_up_) return;
    pending_.holds[provider] = until;
    wake();
}

void PollLedger::append(MissedRange range) {
    metrics_.missed(range.reason, range.ticks);
    auto const [found, fresh] = last_range_.try_emplace(range.group, pending_.missed.size());
    if (!fresh) {
        MissedRange& last = pending_.missed[found->second];
        bool const same = last.reason == range.reason && last.symbols == range.symbols && last.lease == range.lease &&
                          last.term == range.term;
        if (same && last.last + range.interval == range.first) {
            last.last = range.last;
            last.ticks += range.ticks;
            return;
        }
        found->second = pending_.missed.size();
    }
    ++unrecorded_[range.group];
    pending_.missed.push_back(std::move(range));
}

void PollLedger::wake() {
    if (writing_ || pending_.empty()) return;
    writing_ = true;
    net::co_spawn(executor_, write_all(shared_from_this()), net::detached);
}

PollLedger::Batch PollLedger::take() {
    Batch batch = std::exchange(pending_, {});
    last_range_.clear();
    if (batch.missed.size() > max_ranges) {
        auto const cut = batch.missed.begin() + static_cast<std::ptrdiff_t>(max_ranges);
        pending_.missed.assign(std::make_move_iterator(cut), std::make_move_iterator(batch.missed.end()));
        batch.missed.erase(cut, batch.missed.end());
        for (std::size_t at = 0; at < pending_.missed.size(); ++at) last_range_[pending_.missed[at].group] = at;
    }
    return batch;
}

Awaitable<void> PollLedger::write_all(std::shared_ptr<PollLedger> /*keeps this alive*/) {
    while (!pending_.empty()) {
        Batch batch = take();
        bool const written = co_await write(batch);
        if (written) {
            for (auto const& range : batch.missed) {
                auto const found = unrecorded_.find(range.group);
                if (--found->second == 0) unrecorded_.erase(found);
            }
        } else {
            gave_up_ = true;
            pending_ = {};
            last_range_.clear();
            log_.warning("poller.records_left", {{"ranges", batch.missed.size()}});
        }
        release_waiters();
    }
    writing_ = false;
    idle_();
}

/// Until the store takes it; false: given up.
Awaitable<bool> PollLedger::write(Batch& batch) {
    bool last = false;
    for (int failures = 0;; ++failures) {
        std::vector<JobProgress> progress;
        for (auto const& [id, job] : batch.progress) progress.push_back(job);
        auto const written = co_await store_.record(batch.missed, std::move(progress), batch.holds);
        if (written) co_return true;
        metrics_.record_failures.Increment();
        if (written.error().code == ErrorCode::invalid_argument) {
            bool const done = co_await write_apart(batch, written.error());
            co_return done;
        }
        if (last) co_return false;
        if (failures == 0) log_.warning("poller.record_failed", {{"message", written.error().message}});
        auto const pause =
            support::full_jitter(failures, std::chrono::milliseconds(100), std::chrono::milliseconds(2000), random_.next());
        // Cancelled when the poller stops: one more try.
        bool const came = co_await timer_.sleep_until(clock_.steady_now() + std::max(pause, std::chrono::milliseconds(10)));
        last = !came;
    }
}

/// A range that the store will never take is found by writing each alone, and dropped with an error in the log.
Awaitable<bool> PollLedger::write_apart(Batch& batch, Error refusal) {
    bool const many = batch.missed.size() + batch.progress.size() + batch.holds.size() > 1;
    if (!many || batch.missed.empty()) {
        metrics_.records_dropped.Increment();
        log_.error("poller.record_refused", {{"detail", refusal.detail}, {"message", refusal.message}});
        co_return true;
    }
    for (auto& range : batch.missed) {
        Batch alone;
        alone.missed.push_back(range);
        bool const done = co_await write(alone);
        if (!done) co_return false;
    }
    Batch rest;
    rest.progress = batch.progress;
    rest.holds = batch.holds;
    if (rest.empty()) co_return true;
    bool const done = co_await write(rest);
    co_return done;
}

void PollLedger::release_waiters() {
    for (auto at = waiters_.begin(); at != waiters_.end();) {
        bool const recorded = is_recorded(at->first);
        if (!recorded && !gave_up_) {
            ++at;
            continue;
        }
        auto const resume = std::move(at->second);
        at = waiters_.erase(at);
        resume(recorded);
    }
}

Awaitable<bool> PollLedger::recorded(std::string const& group) {
    auto start = [this, group](auto handler) {
        auto const shared = std::make_shared<decltype(handler)>(std::move(handler));
        std::function<void(bool)> resume = [shared, executor = executor_](bool recorded) {
            net::post(executor, [shared, recorded] { std::move (*shared)(recorded); });
        };
        if (is_recorded(group) || gave_up_) {
            resume(is_recorded(group));
        } else {
            waiters_.emplace(group, std::move(resume));
        }
    };
    return net::async_initiate<net::use_awaitable_t<IoExecutor> const, void(bool)>(std::move(start), support::use_task);
}

}  // namespace mds
