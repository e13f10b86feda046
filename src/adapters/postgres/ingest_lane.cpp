#include "adapters/postgres/ingest_lane.hpp"

#include "adapters/postgres/statements.hpp"
#include "adapters/postgres/tick_fence.hpp"

namespace mds::postgres {
namespace {

std::size_t results_of(std::vector<Observation const*> const& observations) noexcept {
    std::size_t results = 0;
    for (auto const* const observation : observations) results += observation->results.size();
    return results;
}

}  // namespace

IngestLane::IngestLane(ConnectionOptions const& options, Condition& condition, support::Metrics& metrics)
    : connection_(options, Side::write, condition),
      names_(connection_),
      points_(connection_, names_),
      repeated_(metrics.counter("mds_postgres_repeated_observations_total", "Observations that were stored before and sent again")),
      fenced_(metrics.counter("mds_postgres_ticks_fenced_total",
                              "Observations stored without their tick, which another poller had taken over")) {}

/// An answer that is stored already is rare, so it is not looked for: COPY meets it in the index, and then the whole is done over
/// in the way that passes over it.
Result<IngestReceipt> IngestLane::commit(std::vector<Observation const*> const& observations) {
    Way const way = cheapest_way(results_of(observations));
    auto receipt = commit_by(way, observations);
    bool const met = way == Way::copy && !receipt && receipt.error().code == ErrorCode::invalid_argument &&
                     connection_.last_fault() == Fault::repeated_row;
    return met ? commit_by(Way::insert, observations) : std::move(receipt);
}

Result<IngestReceipt> IngestLane::commit_by(Way way, std::vector<Observation const*> observations) {
    TransactionScope const scope(connection_);
    if (auto done = points_.learn(IngestBatch(observations)); !done) return done.error();
    connection_.send(sql::begin);
    auto const without_tick = without_lost_ticks(connection_, observations);
    if (!without_tick) return without_tick.error();
    auto receipt = write(IngestBatch(std::move(observations)), way);
    if (receipt) fenced_.Increment(static_cast<double>(without_tick->size()));
    return receipt;
}

Result<IngestReceipt> IngestLane::write(IngestBatch batch, Way way) {
    if (auto done = points_.number(batch, way); !done) return done.error();
    if (auto done = points_.write(batch, way); !done) return done.error();
    connection_.send(sql::commit);
    if (auto done = connection_.run(); !done) return done.error();
    repeated_.Increment(static_cast<double>(batch.receipt.repeated));
    return std::move(batch.receipt);
}

}  // namespace mds::postgres
