#pragma once

#include <mds/ports/price_reads.hpp>

#include "adapters/postgres/connection.hpp"

#include <optional>

namespace mds::postgres {

/// PriceReads and AverageReads on one connection, blocking. Points are only ever added, so the statements of one answer need no
/// common snapshot: the first one says up to which number it goes.
class PriceQueries {
public:
    explicit PriceQueries(Connection& connection) : connection_(connection) {}

    Result<std::optional<PricePoint>> latest(Series const& series);
    Result<HistoryPage> history(HistoryQuery const& query);
    Result<std::optional<AveragePoint>> newest_average(Series const& series);
    Result<AveragePage> averages(AverageQuery const& query);

private:
    struct Known {
        std::int64_t id = 0;
        std::int64_t last_seq = 0;  ///< 0: no such series, or no points yet
        std::chrono::microseconds disorder{0};
    };
    /// Both included.
    struct SeqRange {
        std::int64_t first;
        std::int64_t last;
    };

    Result<Known> find(Series const& series);
    Result<SeqRange> range(Known const& series, std::optional<UtcTime> start, std::optional<UtcTime> end);

    Connection& connection_;
};

/// At start and for repair, each time on a connection of its own.
class LatestScan final : public LatestPrices {
public:
    LatestScan(ConnectionOptions options, Condition& condition);
    Result<void> for_each_latest(std::function<void(PricePoint const&)> const& visit) override;

private:
    ConnectionOptions options_;
    Condition& condition_;
};

}  // namespace mds::postgres
