#pragma once

#include <mds/domain/dead_letter.hpp>
#include <mds/domain/error.hpp>
#include <mds/domain/moving_average.hpp>
#include <mds/domain/observation.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mds {

/// The right to fold one partition: `epoch` grows with every assignment, so that a former owner's late commit is refused.
struct PartitionClaim {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t epoch = 0;
    std::int64_t next = 0;  ///< offset of the first record that is not reflected in the tables
};

/// A moving average of the stored period, ready to be written.
struct AverageRow {
    Series series;
    Average value;
    UtcTime timestamp;
    UtcTime fetched_at;
    std::int64_t seq = 0;

    AverageRow(Series s, Average v, UtcTime quoted, UtcTime fetched, std::int64_t number)
        : series(std::move(s)), value(v), timestamp(quoted), fetched_at(fetched), seq(number) {}
};

/// What is to be written of one partition.
struct AveragingBatch {
    PartitionClaim claim;  ///< epoch and the `next` that the table must hold
    std::int64_t new_next = 0;
    std::vector<AverageRow> averages;
    /// Each is written once, whoever reads it again, and with it an entry of the outbox.
    std::vector<DeadLetter> dead_letters;
    /// Events of other programs, cause `foreign`, answered, with one quote each. Written behind `averages`: raw row and point with
    /// the next `seq` of its series, but no outbox entry, and whatever averages the series then lacks up to that point, folded from
    /// the points in the store. One whose point is stored already is skipped.
    std::vector<Observation> foreign;
};

/// What the consumer writes. Blocking; consumer thread only.
class AveragingStore {
public:
    virtual ~AveragingStore() = default;
    /// Takes a partition of the topic: raises its epoch and reads where to go on, 0 where nobody was before.
    virtual Result<PartitionClaim> claim(std::string_view topic, std::int32_t partition) = 0;
    /// Averages, dead letters, foreign events and new offsets in one durable transaction, guarded by a compare-and-set on
    /// (epoch, next) of each partition: all of it or nothing. `batches`: by rising partition, so that two consumers never wait for
    /// each other. `meanwhile`: what the caller would do next anyway; called where the server has the work and this thread would
    /// only wait: mostly once, perhaps more often or not at all. It must not use the store.
    /// Errors: fenced (a partition is not ours any more; which one is not told), unavailable (retry the same batches).
    virtual Result<void> commit(std::span<AveragingBatch const> batches, std::function<void()> const& meanwhile) = 0;
    Result<void> commit(std::span<AveragingBatch const> batches) {
        return commit(batches, [] {});
    }
    Result<void> commit(AveragingBatch const& batch) { return commit(std::span(&batch, 1)); }
};

/// Where a series stands, for a consumer that does not have its window in memory.
struct SeriesProgress {
    std::int64_t last_averaged = 0;  ///< highest seq with an average, 0: none yet
};

/// The truth that holes are mended from. Blocking; consumer thread only.
class SeriesHistory {
public:
    virtual ~SeriesHistory() = default;
    virtual Result<SeriesProgress> progress(Series const& series) = 0;
    /// Points with first <= seq <= last in seq order. Fewer only where they are not stored.
    virtual Result<std::vector<PricePoint>> points(Series const& series, std::int64_t first, std::int64_t last) = 0;
};

}  // namespace mds
