#pragma once

#include <mds/ports/averaging_store.hpp>

#include "adapters/postgres/foreign_points.hpp"
#include "support/metrics.hpp"

#include <functional>

namespace mds::postgres {

/// The consumer's end of the store: what it writes and what it mends holes from. Consumer thread only, on a connection of its own.
class AverageStore final : public AveragingStore, public SeriesHistory {
public:
    AverageStore(ConnectionOptions const& options, Condition& condition, support::Metrics& metrics);
    Result<PartitionClaim> claim(std::string_view topic, std::int32_t partition) override;
    Result<void> commit(std::span<AveragingBatch const> batches, std::function<void()> const& meanwhile) override;
    Result<SeriesProgress> progress(Series const& series) override;
    Result<std::vector<PricePoint>> points(Series const& series, std::int64_t first, std::int64_t last) override;

private:
    using AverageRuns = std::vector<std::span<AverageRow const>>;
    using Meanwhile = std::function<void()>;

    Result<void> commit_by(Way way, std::span<AveragingBatch const> batches, Meanwhile const& meanwhile);
    Result<void> learn(AverageRuns const& averages, std::span<Observation const> foreign);
    Result<void> learn_series(AverageRuns const& runs);
    Result<void> advance(std::span<AveragingBatch const> batches, AverageRuns const& averages);
    Result<void> copy(AverageRuns const& runs, Meanwhile const& meanwhile);
    std::int64_t send_missing(AverageRuns const& runs);
    Result<void> insert_missing(AverageRuns const& runs);
    void count_repeated(std::int64_t sent, Rows const& inserted);
    void send(DeadLetter const& letter);

    Connection connection_;
    KnownNames names_;
    ForeignPoints foreign_;
    prometheus::Counter& repeated_;
    prometheus::Counter& fenced_;
};

}  // namespace mds::postgres
