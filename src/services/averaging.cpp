#include "services/averaging.hpp"

#include "codec/event_json.hpp"
#include "services/averaging_counts.hpp"

#include <algorithm>

namespace mds {

using std::chrono::milliseconds;

Averaging::Averaging(EventSource& source, AveragingStore& store, SeriesHistory& history, LatestPrices& latest, support::Log log,
                     support::Metrics& metrics, AveragingOptions options)
    : source_(source),
      store_(store),
      history_(history),
      latest_(latest),
      log_(std::move(log)),
      options_(std::move(options)),
      counts_(std::make_unique<Counts>(metrics)),
      retry_(log_, "averaging.waiting", counts_->failures, options_.retry_min, options_.retry_max) {}

Averaging::~Averaging() = default;

milliseconds Averaging::step() {
    if (!to_claim_.empty()) return claim_next();
    if (lost_) return begin_repair();
    if (work_) return work_on();
    return take_signal();
}

milliseconds Averaging::claim_next() {
    std::int32_t const partition = to_claim_.front();
    auto const claim = store_.claim(options_.topic, partition);
    if (!claim) return retry_.failed("claim", claim.error());
    to_claim_.erase(to_claim_.begin());
    partitions_.emplace(partition, Partition(*claim, AveragingWindows(history_, std::max<std::size_t>(options_.max_batch, 1))));
    counts_->claims.Increment();
    log_.info("averaging.claimed", {{"partition", partition}, {"epoch", claim->epoch}, {"next", claim->next}});
    source_.start(partition, claim->next);
    return retry_.succeeded();
}

milliseconds Averaging::take_signal() {
    auto signal = source_.poll(options_.max_batch, options_.poll_wait);
    if (!signal) return retry_.failed("poll", signal.error());
    std::visit([this](auto& happened) { on(std::move(happened)); }, *signal);
    return retry_.succeeded();
}

void Averaging::on(PartitionsAssigned const& assigned) {
    for (auto const partition : assigned.partitions) claim_again(partition);
}

void Averaging::on(PartitionsRevoked const& revoked) {
    for (auto const partition : revoked.partitions) forget(partition);
}

void Averaging::on(RecordsRead&& read) {
    auto const partition = partitions_.find(read.partition);
    if (partition == partitions_.end()) {
        counts_->not_assigned.Increment(static_cast<double>(read.records.size()));
        return;
    }
    std::int64_t const next = partition->second.claim.next;
    auto const repeated = std::erase_if(read.records, [next](BusRecord const& record) { return record.offset < next; });
    counts_->duplicates.Increment(static_cast<double>(repeated));
    if (read.records.empty()) return;
    Work work;
    work.partition = read.partition;
    work.end = read.records.back().offset + 1;
    work.records = std::move(read.records);
    work_ = std::move(work);
}

void Averaging::on(RecordsLost const& lost) {
    counts_->lost.Increment();
    log_.error("averaging.records_lost", {{"partition", lost.partition}, {"wanted", lost.wanted}, {"available", lost.available}});
    if (partitions_.contains(lost.partition)) lost_ = lost;
}

/// After a loss nobody knows which series of the partition were hit, so each is brought up to its newest point.
milliseconds Averaging::begin_repair() {
    Work work;
    work.partition = lost_->partition;
    work.end = lost_->available;
    work.restart = true;
    auto const seen = latest_.for_each_latest([&](PricePoint const& point) {
        if (source_.carries(work.partition, point.series.symbol.str())) work.behind.emplace_back(point.series, point.seq);
    });
    if (!seen) return retry_.failed("read the newest points", seen.error());
    lost_.reset();
    work_ = std::move(work);
    return retry_.succeeded();
}

/// Folds and commits. After a commit that failed there is nothing more to fold, so it is the same batch that is tried again.
milliseconds Averaging::work_on() {
    Partition& partition = partitions_.at(work_->partition);
    auto const repaired_before = partition.windows.repaired();
    auto const folded = fold_work(partition);
    counts_->repaired.Increment(static_cast<double>(partition.windows.repaired() - repaired_before));
    if (!folded) return retry_.failed("read a series", folded.error());
    work_->batch.claim = partition.claim;
    work_->batch.new_next = reflected(partition);
    return commit(partition);
}

/// The offset behind all records that the batch reflects.
std::int64_t Averaging::reflected(Partition const& partition) const {
    if (work_->done == work_->size()) return work_->end;
    return work_->records.empty() ? partition.claim.next : work_->records[work_->done].offset;
}

/// Folds until all is done or the batch is full. After an error it goes on where it was.
Result<void> Averaging::fold_work(Partition& partition) {
    for (; work_->done < work_->size(); ++work_->done) {
        if (alone(partition) && work_->done > work_->first) return {};
        auto const taken = fold_one(partition);
        if (!taken) return taken.error();
        if (!*taken) return {};
    }
    return {};
}

/// False: the batch is full, and what was to be folded is still to fold.
Result<bool> Averaging::fold_one(Partition& partition) {
    if (work_->records.empty()) {
        auto const& [series, seq] = work_->behind[work_->done];
        auto const end = partition.windows.catch_up(series, seq, work_->batch.averages);
        if (!end) return end.error();
        return *end != FoldEnd::rows_full;
    }
    BusRecord const& record = work_->records[work_->done];
    if (auto const* const event = std::get_if<PriceEvent>(&record.content)) return fold_event(partition, *event);
    auto const& raw = std::get<RawRecord>(record.content);
    auto const decoded = codec::decode_event(raw.value, raw.headers, options_.symbol_case);
    if (auto const* const event = std::get_if<PriceEvent>(&decoded)) return fold_event(partition, *event);
    if (auto const* const fault = std::get_if<codec::EventFault>(&decoded)) {
        bury(record, raw, to_string(fault->kind), fault->message);
        return true;
    }
    return take_in(std::get<codec::ForeignEvent>(decoded), record, raw);
}

Result<bool> Averaging::fold_event(Partition& partition, PriceEvent const& event) {
    if (event.store_epoch != options_.store_epoch) {
        counts_->other_epoch.Increment();
        return true;
    }
    if (work_->foreign.contains(event.point.series)) return false;  // the store will have folded further than the window here
    auto const end = partition.windows.fold(event.point, work_->batch.averages);
    if (!end) return end.error();
    switch (*end) {
        case FoldEnd::folded: counts_->folded.Increment(); break;
        case FoldEnd::duplicate: counts_->duplicates.Increment(); break;
        case FoldEnd::rows_full: return false;
        case FoldEnd::not_stored:
            counts_->not_stored.Increment();
            log_.error(
                "averaging.not_stored",
                {{"symbol", event.point.series.symbol.str()}, {"provider", event.point.series.provider}, {"seq", event.point.seq}});
            break;
    }
    return true;
}

milliseconds Averaging::commit(Partition& partition) {
    auto const written = store_.commit(work_->batch);
    if (written) {
        committed(partition);
        return retry_.succeeded();
    }
    ErrorCode const code = written.error().code;
    if (code == ErrorCode::unavailable || code == ErrorCode::timeout) {
        work_->outcome_unknown = true;
        return retry_.failed("commit", written.error());
    }
    counts_->refused_commits.Increment();
    log_.warning("averaging.commit_refused", {{"partition", work_->partition}, {"error", written.error().message}});
    bool const foreign = code != ErrorCode::fenced && !work_->batch.foreign.empty();
    if (foreign && work_->done - work_->first == 1) return bury_refused(written.error());
    if (foreign) refused_until_[work_->partition] = work_->records[work_->done - 1].offset + 1;
    if (code == ErrorCode::fenced && !work_->outcome_unknown) {
        // To claim it again would refuse the rightful owner.
        forget(work_->partition);
        source_.rejoin();
        return retry_.succeeded();
    }
    // The first try was committed after all, or there is a fault in what was to be written: the tables say where the partition
    // stands.
    claim_again(work_->partition);
    return retry_.failed("commit", written.error());
}

void Averaging::committed(Partition& partition) {
    counts_->commits.Increment();
    counts_->averages.Increment(static_cast<double>(work_->batch.averages.size()));
    counts_->series.Set(static_cast<double>(partition.windows.size()));
    partition.claim.next = work_->batch.new_next;
    auto const until = refused_until_.find(work_->partition);
    if (until != refused_until_.end() && until->second <= partition.claim.next) refused_until_.erase(until);
    for (auto const& series : work_->foreign) {
        for (auto& [number, other] : partitions_) other.windows.forget(series);
    }
    if (work_->done == work_->size()) {
        if (work_->restart) source_.start(work_->partition, work_->end);
        work_.reset();
        return;
    }
    work_->first = work_->done;
    work_->outcome_unknown = false;
    work_->batch.averages.clear();
    work_->batch.dead_letters.clear();
    work_->batch.foreign.clear();
    work_->foreign.clear();
}

void Averaging::claim_again(std::int32_t partition) {
    forget(partition);
    to_claim_.push_back(partition);
}

void Averaging::forget(std::int32_t partition) {
    partitions_.erase(partition);
    std::erase(to_claim_, partition);
    if (work_ && work_->partition == partition) work_.reset();
    if (lost_ && lost_->partition == partition) lost_.reset();
}

}  // namespace mds
