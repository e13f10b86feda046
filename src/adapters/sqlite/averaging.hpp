#pragma once

#include <mds/ports/averaging_store.hpp>

#include "adapters/sqlite/foreign_points.hpp"
#include "adapters/sqlite/write_side.hpp"
#include "support/metrics.hpp"

namespace mds::sqlite {

class AverageWriter final : public AveragingStore {
public:
    AverageWriter(WriteSide& side, IngestWriter& ingest, support::Metrics& metrics);
    Result<PartitionClaim> claim(std::string_view topic, std::int32_t partition) override;
    Result<void> commit(std::span<AveragingBatch const> batches, std::function<void()> const& meanwhile) override;

private:
    bool advance(AveragingBatch const& batch);
    void write(AverageRow const& row);
    void write(DeadLetter const& letter);
    void write(Observation const& foreign);

    WriteSide& side_;
    Connection& connection_;
    Statement claim_;
    Statement advance_;
    Statement average_;
    Statement dead_letter_;
    Statement dead_header_;
    Statement take_position_;
    Statement publish_;
    ForeignPoints foreign_;
    std::string text_;
    std::int64_t repeats_ = 0;  ///< in the batch under way
    prometheus::Counter& repeated_;
    prometheus::Counter& fenced_;
};

class HistoryReader final : public SeriesHistory {
public:
    HistoryReader(ConnectionOptions const& options, Condition& condition);
    Result<SeriesProgress> progress(Series const& series) override;
    Result<std::vector<PricePoint>> points(Series const& series, std::int64_t first, std::int64_t last) override;

private:
    Connection connection_;
    Statement last_averaged_;
    Statement points_;
};

}  // namespace mds::sqlite
