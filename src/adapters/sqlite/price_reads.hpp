#pragma once

#include <mds/ports/price_reads.hpp>

#include "adapters/sqlite/connection.hpp"

#include <optional>

namespace mds::sqlite {

/// The statements behind PriceReads and AverageReads, inside a snapshot. A fault stays on the connection for the caller.
class PriceQueries {
public:
    explicit PriceQueries(Connection& connection);

    std::optional<PricePoint> latest(Series const& series);
    HistoryPage history(HistoryQuery const& query);
    std::optional<AveragePoint> newest_average(Series const& series);
    AveragePage averages(AverageQuery const& query);

private:
    struct Known {
        std::int64_t id;
        std::int64_t last_seq;
        std::int64_t disorder;
    };
    /// Both included.
    struct SeqRange {
        std::int64_t first;
        std::int64_t last;
    };

    std::optional<Known> find(Series const& series);
    SeqRange range(Known const& series, std::optional<UtcTime> start, std::optional<UtcTime> end);
    template <class Passed>
    std::int64_t last_where(Known const& series, Passed passed);
    std::int64_t fetched_at(std::int64_t series_id, std::int64_t seq);
    std::optional<AveragePoint> read_average(Statement::Rows const& rows);

    Connection& connection_;
    Statement find_;
    Statement point_;
    Statement fetched_at_;
    Statement ascending_;
    Statement descending_;
    Statement newest_average_;
    Statement averages_;
};

/// Start-up only: opens a connection for the one visit.
class LatestScan final : public LatestPrices {
public:
    LatestScan(ConnectionOptions options, Condition& condition) : options_(std::move(options)), condition_(condition) {}
    Result<void> for_each_latest(std::function<void(PricePoint const&)> const& visit) override;

private:
    ConnectionOptions options_;
    Condition& condition_;
};

}  // namespace mds::sqlite
