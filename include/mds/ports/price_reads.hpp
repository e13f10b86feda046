#pragma once

#include <mds/ports/task.hpp>
#include <mds/domain/moving_average.hpp>
#include <mds/domain/observation.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace mds {

/// A page of points by `seq`. `start` inclusive, `end` exclusive, on fetched_at. `cursor`: the seq of the last point of the page
/// before, exclusive.
struct HistoryQuery {
    Series series;
    std::optional<UtcTime> start;
    std::optional<UtcTime> end;
    bool ascending = false;
    std::size_t limit = 1000;
    std::optional<std::int64_t> cursor;

    explicit HistoryQuery(Series s) : series(std::move(s)) {}
};

struct HistoryPage {
    std::vector<PricePoint> points;
    bool more = false;            ///< a further page holds at least one point
    std::int64_t last_seq = 0;    ///< points of the series in all; 0: the series has none
};

/// What request handlers ask about points. Called from any I/O thread; resumes there. Errors: unavailable, timeout, internal.
class PriceReads {
public:
    virtual ~PriceReads() = default;
    virtual Task<std::optional<PricePoint>> latest(Series series) = 0;
    virtual Task<HistoryPage> history(HistoryQuery query) = 0;
};

/// A stored average: point `seq` and the period-1 before it.
struct AveragePoint {
    Average value;
    UtcTime timestamp;      ///< quote time of point seq
    UtcTime calculated_at;  ///< fetched_at of point seq
    std::int64_t seq = 0;

    AveragePoint(Average v, UtcTime quoted, UtcTime calculated, std::int64_t number)
        : value(v), timestamp(quoted), calculated_at(calculated), seq(number) {}
};

/// Averages of the stored period, newest first, filtered by calculated_at. `cursor` as in HistoryQuery.
struct AverageQuery {
    Series series;
    std::optional<UtcTime> start;
    std::optional<UtcTime> end;
    std::size_t limit = 1000;
    std::optional<std::int64_t> cursor;

    explicit AverageQuery(Series s) : series(std::move(s)) {}
};

struct AveragePage {
    std::vector<AveragePoint> averages;
    bool more = false;
};

class AverageReads {
public:
    virtual ~AverageReads() = default;
    virtual Task<std::optional<AveragePoint>> newest(Series series) = 0;
    virtual Task<AveragePage> page(AverageQuery query) = 0;
};

/// Fills the memory cache before the modules start; the consumer asks it after a loss of records. Blocking, one caller at a time.
class LatestPrices {
public:
    virtual ~LatestPrices() = default;
    /// The newest point of every series, in no particular order.
    virtual Result<void> for_each_latest(std::function<void(PricePoint const&)> const& visit) = 0;
};

}  // namespace mds
