#include "services/cache_follower.hpp"

#include "codec/event_json.hpp"
#include "services/foreign_event.hpp"
#include "support/metrics.hpp"

#include <algorithm>
#include <utility>

namespace mds {

using std::chrono::milliseconds;

struct CacheFollower::Counts {
    explicit Counts(support::Metrics& metrics)
        : newer(metrics.counter("mds_cache_followed_total", "Events that brought the memory cache a newer price")),
          known(metrics.counter("mds_cache_followed_known_total", "Events whose price, or a newer one, was in the memory cache")),
          other_epoch(metrics.counter("mds_cache_followed_other_epoch_total", "Events of another epoch of the store")),
          foreign(metrics.counter("mds_cache_foreign_total", "Foreign events whose points the memory cache looked for")),
          not_found(metrics.counter("mds_cache_foreign_not_found_total", "Those that were not stored in time")),
          loads(metrics.counter("mds_cache_loads_total", "Times that the memory cache read the newest points of all series")),
          failures(metrics.counter("mds_cache_follow_failures_total", "Calls to store or bus that failed and were tried again")) {}

    prometheus::Counter& newer;
    prometheus::Counter& known;
    prometheus::Counter& other_epoch;
    prometheus::Counter& foreign;
    prometheus::Counter& not_found;
    prometheus::Counter& loads;
    prometheus::Counter& failures;
};

CacheFollower::CacheFollower(EventSource& events, LatestPrices& store, Newest newest, LatestCache& cache, Clock& clock,
                             support::Log log, support::Metrics& metrics, CacheFollowerOptions options)
    : events_(events),
      store_(store),
      newest_(std::move(newest)),
      cache_(cache),
      clock_(clock),
      log_(std::move(log)),
      options_(std::move(options)),
      counts_(std::make_unique<Counts>(metrics)),
      retry_(log_, "cache.waiting", counts_->failures, options_.retry_min, options_.retry_max) {}

CacheFollower::~CacheFollower() = default;

milliseconds CacheFollower::step() {
    if (to_load_) return load();
    if (auto const looked = look_for_wanted(); !looked) return retry_.failed("read a series", looked.error());
    auto const signal = events_.poll(options_.max_batch, poll_wait());
    if (!signal) return retry_.failed("poll", signal.error());
    if (std::holds_alternative<PartitionsAssigned>(*signal)) to_load_ = true;
    if (auto const* const read = std::get_if<RecordsRead>(&*signal)) take(*read);
    return retry_.succeeded();
}

/// What was committed before the events began.
milliseconds CacheFollower::load() {
    auto const seen = store_.for_each_latest([this](PricePoint const& point) { cache_.offer(point); });
    if (!seen) return retry_.failed("read the newest points", seen.error());
    to_load_ = false;
    counts_->loads.Increment();
    return retry_.succeeded();
}

void CacheFollower::take(RecordsRead const& read) {
    for (auto const& run : read.runs) {
        for (auto const& record : run.records) take(run.partition, record);
    }
}

void CacheFollower::take(std::int32_t partition, BusRecord const& record) {
    if (auto const* const event = std::get_if<PriceEvent>(&record.content)) return take(*event);
    auto const& raw = std::get<RawRecord>(record.content);
    auto const decoded = codec::decode_event(raw.value, raw.headers, options_.symbol_case);
    if (auto const* const event = std::get_if<PriceEvent>(&decoded)) return take(*event);
    auto const* const foreign = std::get_if<codec::ForeignEvent>(&decoded);
    if (foreign == nullptr) return;  // the consumer makes a dead letter of it
    counts_->foreign.Increment();
    auto const stored = observe(*foreign, raw, RecordPlace{options_.topic, partition, record.offset});
    auto const now = clock_.steady_now();
    Wanted const wanted{stored.results.front().quote()->point_id, now + options_.look_min, now + options_.patience,
                        options_.look_min};
    auto const [at, fresh] = wanted_.try_emplace(foreign->series, wanted);
    if (fresh) return;
    auto const due = std::min(at->second.look_at, wanted.look_at);  // an unceasing stream must not put the look off for ever
    at->second = wanted;
    at->second.look_at = due;
}

void CacheFollower::take(PriceEvent const& event) {
    if (event.store_epoch != options_.store_epoch) return counts_->other_epoch.Increment();
    (cache_.offer(event.point) ? counts_->newer : counts_->known).Increment();
}

/// One look at each series whose time has come.
Result<void> CacheFollower::look_for_wanted() {
    auto const now = clock_.steady_now();
    for (auto at = wanted_.begin(); at != wanted_.end();) {
        auto& [series, wanted] = *at;
        if (wanted.look_at > now) {
            ++at;
            continue;
        }
        auto const newest = newest_(series);
        if (!newest) return newest.error();
        if (*newest) cache_.offer(**newest);
        bool const found = *newest && (*newest)->id == wanted.point;
        if (!found && now >= wanted.give_up_at) counts_->not_found.Increment();
        if (found || now >= wanted.give_up_at) {
            at = wanted_.erase(at);
            continue;
        }
        wanted.pause = std::min(wanted.pause * 2, options_.look_max);
        wanted.look_at = now + wanted.pause;
        ++at;
    }
    return {};
}

milliseconds CacheFollower::poll_wait() const {
    return wanted_.empty() ? options_.poll_wait : std::min(options_.poll_wait, options_.look_min);
}

}  // namespace mds
