#pragma once

#include <mds/ports/averaging_store.hpp>
#include <mds/ports/event_source.hpp>

#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace mds {

/// One partition's part of what the consumer has in hand: what is still to fold, and what waits to be written.
struct AveragingShare {
    std::int32_t partition = 0;
    std::vector<BusRecord> records;
    std::vector<std::pair<Series, std::int64_t>> behind;  ///< after a loss: series, and the point to catch up to
    std::size_t first = 0;                                ///< of the batch, in `records` or `behind`
    std::size_t done = 0;                                 ///< of the same
    std::int64_t end = 0;                                 ///< offset once all is done
    bool restart = false;                                 ///< tell the source to go on at `end`
    bool outcome_unknown = false;                         ///< a commit of the batch may have been made
    AveragingBatch batch;
    std::set<Series> foreign;  ///< series of the foreign events in the batch

    std::size_t size() const noexcept { return records.size() + behind.size(); }  // one of them is empty
    bool finished() const noexcept { return done == size(); }

    /// The batch is in the tables: begins the next one.
    void begin_batch() {
        first = done;
        outcome_unknown = false;
        batch.averages.clear();
        batch.dead_letters.clear();
        batch.foreign.clear();
        foreign.clear();
    }
};

/// What one poll gave. Its shares are written in one transaction as long as the store takes that.
struct AveragingWork {
    std::vector<AveragingShare> shares;  ///< by rising partition
    bool one_by_one = false;             ///< it did not: a transaction for each
    bool full = false;                   ///< the poll gave as much as it may: there is more to read
};

}  // namespace mds
