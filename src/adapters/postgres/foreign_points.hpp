#pragma once

#include <mds/ports/averaging_store.hpp>

#include "adapters/postgres/point_writer.hpp"

#include <functional>
#include <set>
#include <span>
#include <vector>

namespace mds::postgres {

/// Makes points of other programs' events, and finds the averages that their series then lack. Within the consumer's transaction,
/// whose first statement keeps everybody else away from the records that these events stand in.
class ForeignPoints {
public:
    ForeignPoints(Connection& connection, KnownNames& names) : connection_(connection), names_(names), points_(connection, names) {}

    /// Before the transaction.
    Result<void> learn(std::span<Observation const> events);
    using WriteAverages = std::function<Result<void>(std::span<AverageRow const>)>;
    /// Writes those whose points are not stored, then hands `write_averages` what their series lack, in order of `seq`.
    Result<void> write(std::span<Observation const> events, WriteAverages const& write_averages);

private:
    Result<std::vector<Observation>> not_stored(std::span<Observation const> events);
    Result<std::set<Series>> fold_portion(std::set<Series> const& behind, std::vector<AverageRow>& out);

    Connection& connection_;
    KnownNames& names_;
    PointWriter points_;
};

}  // namespace mds::postgres
