// From what was folded to the tables, and what becomes of it where the store does not take it.

#include "services/averaging.hpp"

#include "services/averaging_counts.hpp"

#include <algorithm>
#include <span>

namespace mds {

using std::chrono::milliseconds;

/// Of the first `count` shares.
milliseconds Averaging::commit(std::size_t count) {
    auto const written = write(count);
    if (written) {
        committed(count);
        return retry_.succeeded();
    }
    ErrorCode const code = written.error().code;
    if (code == ErrorCode::unavailable || code == ErrorCode::timeout) {
        for (auto& share : std::span(work_->shares).first(count)) share.outcome_unknown = true;
        return retry_.failed("commit", written.error());
    }
    if (count == 1) return refused(work_->shares.front(), written.error());
    counts_->split_commits.Increment();
    log_.warning("averaging.commit_split", {{"partitions", count}, {"error", written.error().message}});
    work_->one_by_one = true;
    return retry_.succeeded();
}

/// The store wants one run of batches; they are lent from the shares and given back.
Result<void> Averaging::write(std::size_t count) {
    auto const shares = std::span(work_->shares).first(count);
    std::vector<AveragingBatch> batches;
    batches.reserve(count);
    for (auto& share : shares) batches.push_back(std::move(share.batch));
    auto written = store_.commit(batches, [this] { read_ahead(); });
    for (std::size_t i = 0; i < count; ++i) shares[i].batch = std::move(batches[i]);
    return written;
}

/// It stood alone, so it is this one that the store does not take.
milliseconds Averaging::refused(AveragingShare& share, Error const& error) {
    std::int32_t const partition = share.partition;
    counts_->refused_commits.Increment();
    log_.warning("averaging.commit_refused", {{"partition", partition}, {"error", error.message}});
    bool const fenced = error.code == ErrorCode::fenced;
    bool const foreign = !fenced && !share.batch.foreign.empty();
    if (foreign && share.done - share.first == 1) return bury_refused(share, error);
    if (foreign) refused_until_[partition] = share.records[share.done - 1].offset + 1;
    if (fenced && !share.outcome_unknown) {
        // To claim it again would refuse the rightful owner.
        forget(partition);
        rejoin_ = true;
        return retry_.succeeded();
    }
    // The first try was committed after all, or there is a fault in what was to be written: the tables say where the partition
    // stands.
    claim_again(partition);
    return retry_.failed("commit", error);
}

void Averaging::committed(std::size_t count) {
    counts_->commits.Increment();
    auto& shares = work_->shares;
    auto const end = shares.begin() + static_cast<std::ptrdiff_t>(count);
    std::for_each(shares.begin(), end, [this](AveragingShare& share) { committed(share); });
    shares.erase(std::remove_if(shares.begin(), end, [](AveragingShare const& share) { return share.finished(); }), end);
    if (shares.empty()) work_.reset();
    std::size_t series = 0;
    for (auto const& [number, partition] : partitions_) series += partition.windows.size();
    counts_->series.Set(static_cast<double>(series));
}

void Averaging::committed(AveragingShare& share) {
    counts_->averages.Increment(static_cast<double>(share.batch.averages.size()));
    PartitionClaim& claim = partitions_.at(share.partition).claim;
    claim.next = share.batch.new_next;
    auto const until = refused_until_.find(share.partition);
    if (until != refused_until_.end() && until->second <= claim.next) refused_until_.erase(until);
    for (auto const& series : share.foreign) {
        for (auto& [number, other] : partitions_) other.windows.forget(series);
    }
    if (share.finished() && share.restart) source_.start(share.partition, share.end);
    share.begin_batch();
}

}  // namespace mds
