#include "services/averaging_windows.hpp"

#include <algorithm>

namespace mds {
namespace {

constexpr std::int64_t points_per_read = 1000;

/// True if these are the points first..last, all of them.
bool complete(std::vector<PricePoint> const& points, std::int64_t first, std::int64_t last) {
    if (static_cast<std::int64_t>(points.size()) != last - first + 1) return false;
    return std::all_of(points.begin(), points.end(), [&first](PricePoint const& point) { return point.seq == first++; });
}

}  // namespace

void AveragingWindows::Window::push(Price price) noexcept {
    ++last;
    units[last % kept] = price.units();
}

Result<FoldEnd> AveragingWindows::fold(PricePoint const& point, std::vector<AverageRow>& rows) {
    auto const found = window(point.series, point.seq);
    if (!found) return found.error();
    if (*found == nullptr) return FoldEnd::not_stored;
    Window& at = **found;
    if (point.seq <= at.last) return FoldEnd::duplicate;
    auto const before = fold_stored(at, point.series, point.seq - 1, rows);
    if (!before || *before != FoldEnd::folded) return before;
    if (rows.size() >= max_rows_) return FoldEnd::rows_full;
    fold_next(at, point, rows);
    return FoldEnd::folded;
}

Result<FoldEnd> AveragingWindows::catch_up(Series const& series, std::int64_t seq, std::vector<AverageRow>& rows) {
    auto const found = window(series, seq);
    if (!found) return found.error();
    if (*found == nullptr) return FoldEnd::not_stored;
    if (seq <= (*found)->last) return FoldEnd::duplicate;
    return fold_stored(**found, series, seq, rows);
}

/// The window of a series, read from the store where it is not in memory: the points up to the last one with an average; in a
/// series without averages those before `wanted`, as far as none of them has to have one. nullptr: the store lacks such a point.
Result<AveragingWindows::Window*> AveragingWindows::window(Series const& series, std::int64_t wanted) {
    auto const number = numbers_.add(series.symbol.str(), series.provider);
    if (number == windows_.size()) windows_.emplace_back();
    Window& here = windows_[number];
    if (here.last != unread) return &here;
    auto const progress = history_.progress(series);
    if (!progress) return progress.error();
    std::int64_t const last = progress->last_averaged > 0 ? progress->last_averaged : std::min(wanted - 1, kept);
    Window fresh;
    auto const loaded = load(fresh, series, last);
    if (!loaded) return loaded.error();
    if (!*loaded) return nullptr;
    here = fresh;
    ++known_;
    return &here;
}

void AveragingWindows::forget(Series const& series) {
    auto const number = numbers_.find(series.symbol.str(), series.provider);
    if (!number || windows_[*number].last == unread) return;
    windows_[*number].last = unread;
    --known_;
}

Result<bool> AveragingWindows::load(Window& window, Series const& series, std::int64_t last) {
    std::int64_t const first = std::max<std::int64_t>(1, last - kept + 1);
    window.last = first - 1;
    if (last < first) return true;
    auto const points = history_.points(series, first, last);
    if (!points) return points.error();
    if (!complete(*points, first, last)) return false;
    for (auto const& point : *points) window.push(point.price);
    return true;
}

Result<FoldEnd> AveragingWindows::fold_stored(Window& window, Series const& series, std::int64_t seq,
                                              std::vector<AverageRow>& rows) {
    while (window.last < seq) {
        auto const room = static_cast<std::int64_t>(max_rows_ - std::min(rows.size(), max_rows_));
        if (room == 0) return FoldEnd::rows_full;
        std::int64_t const first = window.last + 1;
        std::int64_t const last = std::min({seq, window.last + points_per_read, window.last + room});
        auto const points = history_.points(series, first, last);
        if (!points) return points.error();
        if (!complete(*points, first, last)) return FoldEnd::not_stored;
        auto const rows_before = rows.size();
        for (auto const& point : *points) fold_next(window, point, rows);
        repaired_ += rows.size() - rows_before;
    }
    return FoldEnd::folded;
}

void AveragingWindows::fold_next(Window& window, PricePoint const& point, std::vector<AverageRow>& rows) {
    if (point.seq >= stored_period) {
        std::array<Price, stored_period> const prices{Price::from_units(window.units[0]), Price::from_units(window.units[1]),
                                                      Price::from_units(window.units[2]), Price::from_units(window.units[3]),
                                                      point.price};
        rows.emplace_back(point.series, mean(prices), point.timestamp, point.fetched_at, point.seq);
    }
    window.push(point.price);
}

}  // namespace mds
