#pragma once

#include <mds/domain/observation.hpp>
#include <mds/domain/series_state.hpp>

#include "adapters/postgres/wire.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace mds::postgres {

/// An answer, and the number of the group whose tick it is of. Alive as long as the observation.
struct RawRow {
    Observation const* observation;
    std::optional<std::int64_t> group;
};

struct PointRow {
    std::int64_t series;
    PricePoint const* point;
};

/// For COPY, in the order of columns that sql::ingest::copy_raw and copy_points name.
CopyRows copied(std::span<RawRow const> rows);
CopyRows copied(std::span<PointRow const> rows);

/// What raw rows and rejects both say of the fetch that they come from.
struct FetchColumns {
    void add(Observation const& observation, std::optional<std::int64_t> group);

    Column id{Column::Type::uuid}, provider{Column::Type::text}, fetched_at{Column::Type::timestamptz},
        duration{Column::Type::bigint}, cause{Column::Type::text}, attempt{Column::Type::bigint}, group_id{Column::Type::bigint},
        tick_due{Column::Type::timestamptz};
};

struct RawColumns : FetchColumns {
    explicit RawColumns(std::span<RawRow const> rows);

    Column symbols{Column::Type::text}, http_status{Column::Type::bigint}, content_type{Column::Type::text},
        body{Column::Type::bytea}, truncated{Column::Type::boolean};
};

struct PointColumns {
    explicit PointColumns(std::span<PointRow const> rows);

    Column series_id{Column::Type::bigint}, seq{Column::Type::bigint}, id{Column::Type::uuid}, price{Column::Type::text},
        timestamp{Column::Type::timestamptz}, fetched_at{Column::Type::timestamptz}, raw_id{Column::Type::uuid},
        time_source{Column::Type::bigint}, currency{Column::Type::text};
};

struct RejectColumns : FetchColumns {
    void add(Observation const& observation, Symbol const& symbol, Reject const& reject, std::optional<std::int64_t> group);

    Column symbol_name{Column::Type::text}, outcome{Column::Type::text}, reason{Column::Type::text},
        answered{Column::Type::boolean};
};

struct SeriesColumns {
    void add(std::int64_t series, SeriesState const& state);

    Column id{Column::Type::bigint}, last_seq{Column::Type::bigint}, max_fetched{Column::Type::timestamptz},
        disorder{Column::Type::bigint}, polled_at{Column::Type::timestamptz}, poll_due{Column::Type::timestamptz},
        poll_duration{Column::Type::bigint}, failures{Column::Type::bigint}, last_error{Column::Type::text};
};

}  // namespace mds::postgres
