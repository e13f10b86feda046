#pragma once

#include <mds/domain/moving_average.hpp>
#include <mds/domain/series_numbers.hpp>
#include <mds/ports/averaging_store.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mds {

enum class FoldEnd {
    folded,      ///< the point is reflected in the rows
    duplicate,   ///< it was reflected already
    not_stored,  ///< a point before it is missing from the store as well, so this one cannot be of this store
    rows_full,   ///< as many rows as are allowed: write them, then call again
};

/// The windows of one partition: per series the number of the last point that was folded, and its price with the three before it.
/// A window that is not here is read from the store, so forgetting is always safe; what was read ahead of a commit that failed is
/// wrong, so forgetting is then a duty. One thread.
class AveragingWindows {
public:
    AveragingWindows(SeriesHistory& history, std::size_t max_rows) : history_(history), max_rows_(max_rows) {}

    /// Folds a point, and first whatever the store holds between the last one and it. Appends the averages to `rows`.
    /// After an error or rows_full the same call goes on where this one ended.
    Result<FoldEnd> fold(PricePoint const& point, std::vector<AverageRow>& rows);
    /// Folds what the store holds up to `seq`, included.
    Result<FoldEnd> catch_up(Series const& series, std::int64_t seq, std::vector<AverageRow>& rows);

    /// Somebody else wrote averages of the series: it is read from the store when it is next needed.
    void forget(Series const& series);

    /// Averages of points that were read from the store because their events did not come.
    std::size_t repaired() const noexcept { return repaired_; }
    std::size_t size() const noexcept { return known_; }

private:
    static constexpr std::int64_t kept = stored_period - 1;
    static constexpr std::int64_t unread = -1;

    /// With the alignment of its neighbour: a tenth less for each window.
    using Units = Int128 __attribute__((aligned(8)));
    struct Window {
        std::int64_t last = unread;
        Units units[kept]{};  ///< of point n at n % 4

        void push(Price price) noexcept;
    };
    Result<Window*> window(Series const& series, std::int64_t wanted);
    Result<bool> load(Window& window, Series const& series, std::int64_t last);
    Result<FoldEnd> fold_stored(Window& window, Series const& series, std::int64_t seq, std::vector<AverageRow>& rows);
    static void fold_next(Window& window, PricePoint const& point, std::vector<AverageRow>& rows);

    SeriesHistory& history_;
    std::size_t max_rows_;
    std::size_t repaired_ = 0;
    SeriesNumbers numbers_;
    std::vector<Window> windows_;  ///< by number
    std::size_t known_ = 0;        ///< those of them that are not unread
};

}  // namespace mds
