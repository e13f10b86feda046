#pragma once

#include <mds/ports/averaging_store.hpp>
#include <mds/ports/event_source.hpp>
#include <mds/ports/price_reads.hpp>

#include "services/averaging_windows.hpp"
#include "services/averaging_work.hpp"
#include "services/step_retry.hpp"
#include "support/log.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mds::codec {
struct ForeignEvent;
}
namespace mds::support {
class Metrics;
}

namespace mds {

struct AveragingOptions {
    std::int64_t store_epoch = 0;  ///< events of another one are counted and skipped
    std::size_t max_batch = 1000;  ///< records per poll, and averages per transaction
    std::chrono::milliseconds poll_wait{250};
    std::chrono::milliseconds retry_min{50};
    std::chrono::milliseconds retry_max{5000};
    std::string topic = "price-events";          ///< what the offsets count, and as dead letters name it
    SymbolCase symbol_case = SymbolCase::upper;  ///< of foreign events
};

/// Folds price events into moving averages: the only writer of them. Averages and the offset that they reflect are one transaction,
/// which the partition's epoch guards; beyond the windows nothing is remembered. Whatever happens, the table is what a fresh fold
/// over the stored points gives: events that come twice are dropped by number, those that do not come are read from the store.
/// Events of other programs are handed to the store, which makes points of them and averages those in the same transaction.
///
/// What came of several partitions is one transaction; where the store refuses that, one for each of them, so that a partition that
/// was lost, or holds something that cannot be written, leaves the others whole.
///
/// Who has more to read than a batch reads on while the store works on the last one. What was read so is looked at when that one is
/// done with, and partitions that come or go at once.
///
/// A state machine without a thread: call step() again and again, on one thread.
class Averaging {
public:
    /// All arguments outlive it and are used by its thread alone while it runs.
    Averaging(EventSource& source, AveragingStore& store, SeriesHistory& history, LatestPrices& latest, support::Log log,
              support::Metrics& metrics, AveragingOptions options = {});
    ~Averaging();

    /// One step: takes a partition, reads and folds a batch, or tries a commit again. How long to wait before the next one; 0
    /// mostly, since waiting for events happens inside.
    std::chrono::milliseconds step();

    /// True while store and bus answer. Any thread.
    bool healthy() const noexcept { return retry_.healthy(); }

private:
    struct Counts;
    struct Partition {
        PartitionClaim claim;
        AveragingWindows windows;

        Partition(PartitionClaim c, AveragingWindows w) : claim(c), windows(std::move(w)) {}
    };

    std::chrono::milliseconds claim_next();
    std::chrono::milliseconds begin_repair();
    std::chrono::milliseconds work_on();
    std::chrono::milliseconds take_signal();
    void read_ahead();
    bool assignment_ahead() const;
    void on(NothingYet) {}
    void on(PartitionsAssigned const& assigned);
    void on(PartitionsRevoked const& revoked);
    void on(RecordsRead&& read);
    void on(RecordsLost const& lost);

    Result<std::size_t> fold_work();
    Result<void> fold_share(AveragingShare& share);
    Result<bool> fold_one(AveragingShare& share, AveragingWindows& windows);
    Result<bool> fold_event(AveragingShare& share, AveragingWindows& windows, PriceEvent const& event);
    bool take_in(AveragingShare& share, codec::ForeignEvent const& event, BusRecord const& record, RawRecord const& raw);
    void bury(AveragingShare& share, BusRecord const& record, RawRecord const& raw, std::string_view error_class,
              std::string const& error);
    bool alone(AveragingShare const& share) const;
    std::chrono::milliseconds commit(std::size_t count);
    Result<void> write(std::size_t count);
    std::chrono::milliseconds refused(AveragingShare& share, Error const& error);
    std::chrono::milliseconds bury_refused(AveragingShare& share, Error const& error);
    void committed(std::size_t count);
    void committed(AveragingShare& share);
    void claim_again(std::int32_t partition);
    void forget(std::int32_t partition);
    void forget_ahead(std::int32_t partition);

    EventSource& source_;
    AveragingStore& store_;
    SeriesHistory& history_;
    LatestPrices& latest_;
    support::Log log_;
    AveragingOptions options_;
    std::unique_ptr<Counts> counts_;
    std::vector<std::int32_t> to_claim_;
    std::map<std::int32_t, Partition> partitions_;
    std::optional<AveragingWork> work_;
    std::optional<RecordsLost> lost_;
    std::optional<BusSignal> ahead_;                      ///< was ready during the last commit
    bool rejoin_ = false;                                 ///< once the work is done: somebody else has a partition of ours
    std::map<std::int32_t, std::int64_t> refused_until_;  ///< before this offset each record is a batch of its own
    StepRetry retry_;
};

}  // namespace mds
