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
    if (assignment_ahead()) return take_signal();
    if (!to_claim_.empty()) return claim_next();
    if (lost_) return begin_repair();
    if (work_) return work_on();
    if (std::exchange(rejoin_, false)) source_.rejoin();
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
    auto signal =
        ahead_ ? Result<BusSignal>(*std::exchange(ahead_, std::nullopt)) : source_.poll(options_.max_batch, options_.poll_wait);
    if (!signal) return retry_.failed("poll", signal.error());
    std::visit([this](auto& happened) { on(std::move(happened)); }, *signal);
    return retry_.succeeded();
}

/// Called while the store works. Only by who is behind: with few events it would cut in two what the next poll gives in one. Not
/// where a commit is tried again: who cannot write must not look alive to its group.
void Averaging::read_ahead() {
    auto const unsettled = [](AveragingShare const& share) { return share.restart || share.outcome_unknown; };
    if (ahead_ || !work_->full || std::ranges::any_of(work_->shares, unsettled)) return;
    auto signal = source_.ready(options_.max_batch);
    if (!std::holds_alternative<NothingYet>(signal)) ahead_ = std::move(signal);
}

/// What is not ours any more must not be claimed again, whatever became of the commit.
bool Averaging::assignment_ahead() const {
    return ahead_ && (std::holds_alternative<PartitionsAssigned>(*ahead_) || std::holds_alternative<PartitionsRevoked>(*ahead_));
}

void Averaging::on(PartitionsAssigned const& assigned) {
    for (auto const partition : assigned.partitions) claim_again(partition);
}

void Averaging::on(PartitionsRevoked const& revoked) {
    for (auto const partition : revoked.partitions) forget(partition);
}

void Averaging::on(RecordsRead&& read) {
    AveragingWork work;
    std::size_t count = 0;
    for (auto& [number, records] : read.runs) {
        count += records.size();
        auto const partition = partitions_.find(number);
        if (partition == partitions_.end()) {
            counts_->not_assigned.Increment(static_cast<double>(records.size()));
            continue;
        }
        std::int64_t const next = partition->second.claim.next;
        auto const repeated = std::erase_if(records, [next](BusRecord const& record) { return record.offset < next; });
        counts_->duplicates.Increment(static_cast<double>(repeated));
        if (records.empty()) continue;
        AveragingShare& share = work.shares.emplace_back();
        share.partition = number;
        share.end = records.back().offset + 1;
        share.records = std::move(records);
        share.batch.averages.reserve(std::min(share.records.size(), options_.max_batch));
    }
    std::ranges::sort(work.shares, {}, &AveragingShare::partition);
    work.full = count >= options_.max_batch;
    if (!work.shares.empty()) work_ = std::move(work);
}

void Averaging::on(RecordsLost const& lost) {
    counts_->lost.Increment();
    log_.error("averaging.records_lost", {{"partition", lost.partition}, {"wanted", lost.wanted}, {"available", lost.available}});
    if (partitions_.contains(lost.partition)) lost_ = lost;
}

/// After a loss nobody knows which series of the partition were hit, so each is brought up to its newest point.
milliseconds Averaging::begin_repair() {
    AveragingShare share;
    share.partition = lost_->partition;
    share.end = lost_->available;
    share.restart = true;
    auto const seen = latest_.for_each_latest([&](PricePoint const& point) {
        if (source_.carries(share.partition, point.series.symbol.str())) share.behind.emplace_back(point.series, point.seq);
    });
    if (!seen) return retry_.failed("read the newest points", seen.error());
    lost_.reset();
    work_.emplace().shares.push_back(std::move(share));
    return retry_.succeeded();
}

/// Folds and commits. After a commit that failed there is nothing more to fold, so it is the same batches that are tried again.
milliseconds Averaging::work_on() {
    auto const folded = fold_work();
    if (!folded) return retry_.failed("read a series", folded.error());
    return commit(*folded);
}

/// Folds until all is done or the transaction is full; how many of the shares, from the first on, have a part in it.
Result<std::size_t> Averaging::fold_work() {
    std::size_t const most = work_->one_by_one ? 1 : work_->shares.size();
    std::size_t count = 0;
    for (std::size_t rows = 0; count < most && (count == 0 || rows < options_.max_batch); ++count) {
        AveragingShare& share = work_->shares[count];
        if (auto const folded = fold_share(share); !folded) return folded.error();
        rows += share.batch.averages.size();
    }
    return count;
}

/// Folds until all is done or the batch is full. After an error it goes on where it was.
Result<void> Averaging::fold_share(AveragingShare& share) {
    Partition& partition = partitions_.at(share.partition);
    auto const repaired_before = partition.windows.repaired();
    Result<bool> taken = true;
    for (; !share.finished() && !(alone(share) && share.done > share.first); ++share.done) {
        taken = fold_one(share, partition.windows);
        if (!taken || !*taken) break;
    }
    counts_->repaired.Increment(static_cast<double>(partition.windows.repaired() - repaired_before));
    if (!taken) return taken.error();
    share.batch.claim = partition.claim;
    if (share.finished())
        share.batch.new_next = share.end;
    else  // the offset behind all records that the batch reflects
        share.batch.new_next = share.records.empty() ? partition.claim.next : share.records[share.done].offset;
    return {};
}

/// False: the batch is full, and what was to be folded is still to fold.
Result<bool> Averaging::fold_one(AveragingShare& share, AveragingWindows& windows) {
    if (share.records.empty()) {
        auto const& [series, seq] = share.behind[share.done];
        auto const end = windows.catch_up(series, seq, share.batch.averages);
        if (!end) return end.error();
        return *end != FoldEnd::rows_full;
    }
    BusRecord const& record = share.records[share.done];
    if (auto const* const event = std::get_if<PriceEvent>(&record.content)) return fold_event(share, windows, *event);
    auto const& raw = std::get<RawRecord>(record.content);
    auto const decoded = codec::decode_event(raw.value, raw.headers, options_.symbol_case);
    if (auto const* const event = std::get_if<PriceEvent>(&decoded)) return fold_event(share, windows, *event);
    if (auto const* const fault = std::get_if<codec::EventFault>(&decoded)) {
        bury(share, record, raw, to_string(fault->kind), fault->message);
        return true;
    }
    return take_in(share, std::get<codec::ForeignEvent>(decoded), record, raw);
}

Result<bool> Averaging::fold_event(AveragingShare& share, AveragingWindows& windows, PriceEvent const& event) {
    if (event.store_epoch != options_.store_epoch) {
        counts_->other_epoch.Increment();
        return true;
    }
    if (share.foreign.contains(event.point.series)) return false;  // the store will have folded further than the window here
    auto const end = windows.fold(event.point, share.batch.averages);
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

void Averaging::claim_again(std::int32_t partition) {
    forget(partition);
    to_claim_.push_back(partition);
}

void Averaging::forget(std::int32_t partition) {
    partitions_.erase(partition);
    std::erase(to_claim_, partition);
    if (lost_ && lost_->partition == partition) lost_.reset();
    forget_ahead(partition);
    if (!work_) return;
    std::erase_if(work_->shares, [partition](AveragingShare const& share) { return share.partition == partition; });
    if (work_->shares.empty()) work_.reset();
}

void Averaging::forget_ahead(std::int32_t partition) {
    if (!ahead_) return;
    if (auto* const read = std::get_if<RecordsRead>(&*ahead_))
        std::erase_if(read->runs, [partition](PartitionRecords const& run) { return run.partition == partition; });
    if (auto const* const lost = std::get_if<RecordsLost>(&*ahead_); lost != nullptr && lost->partition == partition)
        ahead_.reset();
}

}  // namespace mds
