#pragma once

#include <mds/ports/ingest_store.hpp>
#include <mds/ports/price_reads.hpp>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <set>

namespace mds::test {

/// A store in memory with the ports' promises (dense seq, repeats recognised by raw id), whose failures the test writes.
/// Any thread.
class MemoryStore final : public IngestStore, public PriceReads {
public:
    Result<IngestReceipt> commit(std::span<Observation const> batch) override {
        std::unique_lock lock(mutex_);
        auto const number = ++commits_entered_;
        changed_.notify_all();
        changed_.wait(lock, [this, number] { return number < held_from_; });
        batches_.emplace_back();
        for (auto const& observation : batch) batches_.back().push_back(observation.raw_id);
        if (!failures_.empty()) {
            auto const failure = failures_.front();
            failures_.pop_front();
            if (failure.after_writing) write(batch);
            return failure.error;
        }
        for (auto const& observation : batch) {
            if (poison_.contains(observation.raw_id)) return Error(ErrorCode::invalid_argument, "a row was refused");
        }
        return write(batch);
    }

    Task<std::optional<PricePoint>> latest(Series series) override {
        std::lock_guard const lock(mutex_);
        ++latest_reads_;
        if (reads_fail_) co_return Error(ErrorCode::unavailable, "the store is away");
        auto const found = points_.find(series);
        if (found == points_.end()) co_return std::optional<PricePoint>();
        co_return std::optional<PricePoint>(found->second.back());
    }

    Task<HistoryPage> history(HistoryQuery query) override {
        std::lock_guard const lock(mutex_);
        if (reads_fail_) co_return Error(ErrorCode::unavailable, "the store is away");
        HistoryPage page;
        auto const found = points_.find(query.series);
        if (found == points_.end()) co_return page;
        auto points = found->second;
        page.last_seq = points.back().seq;
        if (!query.ascending) std::ranges::reverse(points);
        for (auto const& point : points) {
            if (query.start && point.fetched_at < *query.start) continue;
            if (query.end && point.fetched_at >= *query.end) continue;
            if (query.cursor && (query.ascending ? point.seq <= *query.cursor : point.seq >= *query.cursor)) continue;
            if (page.points.size() == query.limit) {
                page.more = true;
                break;
            }
            page.points.push_back(point);
        }
        co_return page;
    }

    /// Commits wait until release(), from the `first` one on (1, 2, 3 ... since the store was made).
    void hold(std::size_t first = 0) { hold_from(first); }
    void release() { hold_from(std::numeric_limits<std::size_t>::max()); }
    void await_commits_entered(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return commits_entered_ >= count; });
    }

    /// The next commits fail one by one; with `after_writing` the batch is stored all the same (an answer lost on its way).
    void fail(std::size_t times, Error error, bool after_writing = false) {
        std::lock_guard const lock(mutex_);
        for (std::size_t i = 0; i < times; ++i) failures_.push_back(Failure{error, after_writing});
    }
    void poison(Uuid raw_id) {
        std::lock_guard const lock(mutex_);
        poison_.insert(raw_id);
    }
    void fail_reads(bool fail) {
        std::lock_guard const lock(mutex_);
        reads_fail_ = fail;
    }
    /// A point that somebody else stored.
    void add(PricePoint point) {
        std::lock_guard const lock(mutex_);
        points_[point.series].push_back(std::move(point));
    }

    /// Raw ids of each commit tried.
    std::vector<std::vector<Uuid>> batches() const {
        std::lock_guard const lock(mutex_);
        return batches_;
    }
    std::vector<PricePoint> points(Series const& series) const {
        std::lock_guard const lock(mutex_);
        auto const found = points_.find(series);
        return found == points_.end() ? std::vector<PricePoint>() : found->second;
    }
    std::vector<Observation> observations() const {
        std::lock_guard const lock(mutex_);
        return observations_;
    }
    std::size_t latest_reads() const {
        std::lock_guard const lock(mutex_);
        return latest_reads_;
    }

private:
    struct Failure {
        Error error;
        bool after_writing;
    };

    void hold_from(std::size_t first) {
        std::lock_guard const lock(mutex_);
        held_from_ = first;
        changed_.notify_all();
    }

    IngestReceipt write(std::span<Observation const> batch) {
        IngestReceipt receipt;
        for (auto const& observation : batch) {
            if (auto const known = stored_.find(observation.raw_id); known != stored_.end()) {
                ++receipt.repeated;
                receipt.points.push_back(known->second);
                continue;
            }
            observations_.push_back(observation);
            std::vector<PricePoint> written;
            for (auto const& result : observation.results) {
                auto const* const quote = result.quote();
                if (quote == nullptr) continue;
                Series series(result.symbol, observation.provider);
                auto& history = points_[series];
                auto const seq = history.empty() ? 1 : history.back().seq + 1;
                PricePoint point(quote->point_id, series, seq, quote->price, quote->timestamp, observation.fetched_at,
                                 observation.raw_id);
                history.push_back(point);
                written.push_back(point);
            }
            stored_.emplace(observation.raw_id, written);
            receipt.points.push_back(std::move(written));
        }
        return receipt;
    }

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t held_from_ = std::numeric_limits<std::size_t>::max();
    bool reads_fail_ = false;
    std::size_t commits_entered_ = 0;
    std::size_t latest_reads_ = 0;
    std::deque<Failure> failures_;
    std::set<Uuid> poison_;
    std::vector<std::vector<Uuid>> batches_;
    std::vector<Observation> observations_;
    std::map<Uuid, std::vector<PricePoint>> stored_;
    std::map<Series, std::vector<PricePoint>> points_;
};

}  // namespace mds::test
