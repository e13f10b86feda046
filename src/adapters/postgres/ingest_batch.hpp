#pragma once

#include <mds/ports/ingest_store.hpp>

#include "adapters/postgres/ingest_rows.hpp"
#include "adapters/postgres/known_names.hpp"

#include <cstdint>
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
    /// The observations live longer.
    explicit IngestBatch(std::vector<Observation const*> observations) : observations_(std::move(observations)) {}
    explicit IngestBatch(std::span<Observation const> observations);

    /// Series whose rows change, and groups that are named.
    std::set<Series> series() const;
    /// Those of the series that are not known yet.
    std::set<Series> unknown_series(KnownNames const& names) const;
    /// The numbers of the series, each once. Precondition: all are known.
    std::vector<std::int64_t> series_numbers(KnownNames const& names) const;
    std::set<std::string> groups() const;
    /// Ids of observations with and without an answer.
    Column answered_ids() const;
    Column unanswered_ids() const;
    /// Ids of the points of observations that are stored already.
    Column repeated_point_ids() const;

    void locked(std::int64_t id, SeriesState state) { states_.emplace(id, Changing{std::move(state)}); }
    void stored(Uuid const& observation) { first_.emplace(observation, before); }
    bool any_stored() const noexcept { return !first_.empty(); }
    void stored(PricePoint point);

    /// Numbers what is new. invalid_argument: an id that was used before for something else.
    Result<void> number(KnownNames const& names);

    std::vector<RawRow> raw;
    std::vector<PointRow> points;  ///< point into `receipt`
    RejectColumns rejects;
    Column outbox_series{Column::Type::bigint};
    Column outbox_seq{Column::Type::bigint};
    SeriesColumns changed_series() const;
    /// The last tick that each group settled.
    std::map<std::int64_t, UtcTime> settled;
    IngestReceipt receipt;

private:
    void add(Observation const& observation, KnownNames const& names, std::vector<PricePoint>& out);
    void add_point(Observation const& observation, Series series, Quote const& quote, KnownNames const& names,
                   std::vector<PricePoint>& out);
    Result<void> repeat(Observation const& observation, std::size_t first, std::vector<PricePoint>& out) const;
    PricePoint const* stored_point(Uuid const& id, std::size_t first) const;
    template <class Add>
    void each_series(Add add) const;

    struct Changing {
        SeriesState state;
        bool changed = false;
    };
    /// Ids of version 7 end in random bits.
    struct HashId {
        std::size_t operator()(Uuid const& id) const noexcept;
    };
    static constexpr std::size_t before = SIZE_MAX;  ///< stored by an earlier transaction

    std::vector<Observation const*> observations_;
    std::unordered_map<std::int64_t, Changing> states_;
    std::unordered_map<Uuid, std::size_t, HashId> first_;  ///< of what is stored already: its place in this batch, or `before`
    std::unordered_map<Uuid, PricePoint, HashId> known_points_;
};

}  // namespace mds::postgres
