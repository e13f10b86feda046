#pragma once

#include <mds/domain/error.hpp>
#include <mds/domain/observation.hpp>
#include <mds/domain/series_state.hpp>

#include "adapters/postgres/rows.hpp"

#include <optional>
#include <string_view>

namespace mds::postgres {

/// Of `price_points p`, in the order in which read_point() takes them.
inline constexpr std::string_view point_columns =
    "p.seq, p.id, p.price::text, p.timestamp, p.fetched_at, p.raw_data_id, p.time_source, p.currency";

/// The point whose columns begin at `first`. nullopt where its price cannot be read: nothing of ours wrote it.
std::optional<PricePoint> read_point(Rows const& rows, int first, Series series);
/// The same with symbol and provider before it.
std::optional<PricePoint> read_named_point(Rows const& rows, int first);
/// last_seq, max_fetched, disorder, polled_at, poll_due, poll_duration, failures, last_error.
SeriesState read_series_state(Rows const& rows, int first);

std::int64_t stored(TimeSource source) noexcept;

/// For a row that nothing of ours wrote.
Error damaged(char const* what);

}  // namespace mds::postgres
