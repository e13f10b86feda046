#pragma once

#include <mds/domain/observation.hpp>

#include "adapters/sqlite/connection.hpp"

#include <optional>
#include <string_view>

namespace mds::sqlite {

/// Of `price_points p`, in the order in which read_point() takes them.
inline constexpr std::string_view point_columns =
    "p.seq, p.id, p.price, p.timestamp, p.fetched_at, p.raw_data_id, p.time_source, p.currency";
inline constexpr int point_column_count = 8;

/// The point whose columns begin at `first`. nullopt with a fault on the connection where its price cannot be read.
std::optional<PricePoint> read_point(Connection& connection, Statement::Rows const& rows, int first, Series series);
/// The same with `s.symbol, s.provider` before it.
std::optional<PricePoint> read_named_point(Connection& connection, Statement::Rows const& rows, int first);

/// Marks the stored data as damaged.
void note_damage(Connection& connection, char const* what);
/// Refuses the rows of this transaction for good.
void note_refusal(Connection& connection, char const* what);

std::int64_t stored(TimeSource source) noexcept;

}  // namespace mds::sqlite
