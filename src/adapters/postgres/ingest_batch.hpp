#pragma once

#include <mds/ports/ingest_store.hpp>

#include "adapters/postgres/ingest_rows.hpp"
#include "adapters/postgres/known_names.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace mds::postgres {

/// Observations on their way into a transaction.
class IngestBatch {
public:
    explicit IngestBatch(std::span<Observation const> observations) : observations_(observations) {}

    /// Series whose rows change, and groups that are named.
    std::set<Series> series() const;
    std::set<std::string> groups() const;
    /// Ids of observations with and without an answer.
    Column answered_ids() const;
    Column unanswered_ids() const;
    /// Ids of the points of observations that are stored already.
    Column repeated_point_ids() const;

    void locked(std::int64_t id, SeriesState state) { states_.emplace(id, std::move(state)); }
    void stored(Uuid const& observation) { stored_.insert(observation); }
    bool any_stored() const noexcept { return !stored_.empty(); }
    void stored(PricePoint point);

    /// Numbers what is new. invalid_argument: an id that was used before for something else.
    Result<void> number(KnownNames const& names);

    RawColumns raw;
    PointColumns points;
    RejectColumns rejects;
    Column outbox_series{Column::Type::bigint};
    Column outbox_seq{Column::Type::bigint};
    SeriesColumns changed_series() const;
    /// The last tick that each group settled.
    std::map<std::int64_t, UtcTime> settled;
    IngestReceipt receipt;

private:
    void add(Observation const& observation, KnownNames const& names, std::vector<PricePoint>& out);
    void add_point(Observation const& observation, Symbol const& symbol, Quote const& quote, std::int64_t series,
                   std::vector<PricePoint>& out);
    Result<void> repeat(Observation const& observation, std::vector<PricePoint>& out) const;

    std::span<Observation const> observations_;
    std::map<std::int64_t, SeriesState> states_;
    std::set<std::int64_t> changed_;
    std::set<Uuid> stored_;  ///< also those of this batch that came earlier in it
    std::map<Uuid, PricePoint> known_points_;
};

}  // namespace mds::postgres
