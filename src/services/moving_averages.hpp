#pragma once

#include <mds/ports/price_reads.hpp>
#include <mds/ports/task.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace mds {

struct MovingAverageRequest {
    AverageQuery query;
    int period = stored_period;
    bool values = false;  ///< also the page of values

    explicit MovingAverageRequest(AverageQuery q) : query(std::move(q)) {}
};

struct MovingAverageAnswer {
    AveragePoint newest;  ///< of all, whatever the range asked for
    AveragePage page;

    explicit MovingAverageAnswer(AveragePoint head) : newest(head) {}
};

/// GET /prices/moving-average: the stored period from its table, any other folded from the points. Any I/O thread.
class MovingAverages {
public:
    MovingAverages(AverageReads& averages, PriceReads& points) : averages_(averages), points_(points) {}
    /// Errors: not_found with the number of points there are, unavailable (also while the table is behind the points), timeout.
    Task<MovingAverageAnswer> get(MovingAverageRequest request);

private:
    Task<AveragePoint> head(Series series, int period);
    Task<AveragePage> page(AverageQuery query, int period);
    Task<AveragePoint> stored_head(Series series);
    Task<AveragePoint> folded_head(Series series, int period);
    Task<AveragePage> folded_page(AverageQuery query, int period);

    AverageReads& averages_;
    PriceReads& points_;
};

}  // namespace mds
