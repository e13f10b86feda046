#include "adapters/postgres/ingest.hpp"

#include "adapters/postgres/statements.hpp"
#include "adapters/postgres/tick_fence.hpp"

#include <algorithm>

namespace mds::postgres {
namespace {

double count_fenced(std::span<Observation const> before, std::span<Observation const> after) {
    auto const has_tick = [](Observation const& observation) { return observation.tick.has_value(); };
    return static_cast<double>(std::ranges::count_if(before, has_tick) - std::ranges::count_if(after, has_tick));
}

}  // namespace

IngestWriter::IngestWriter(ConnectionOptions const& options, Condition& condition, support::Metrics& metrics)
    : connection_(options, Side::write, condition),
      names_(connection_),
      points_(connection_, names_),
      repeated_(metrics.counter("mds_postgres_repeated_observations_total", "Observations that were stored before and sent again")),
      fenced_(metrics.counter("mds_postgres_ticks_fenced_total",
                              "Observations stored without their tick, which another poller had taken over")) {}

Result<IngestReceipt> IngestWriter::commit(std::span<Observation const> observations) {
    if (!std::ranges::all_of(observations, is_complete))
        return Error(ErrorCode::invalid_argument, "an observation without one result for every symbol asked for");
    TransactionScope const scope(connection_);
    if (auto done = points_.learn(IngestBatch(observations)); !done) return done.error();
    connection_.send(sql::begin);
    auto const changed = without_lost_ticks(connection_, observations);
    if (!changed) return changed.error();
    if (!*changed) return write(observations);
    auto receipt = write(**changed);
    if (receipt) fenced_.Increment(count_fenced(observations, **changed));
    return receipt;
}

Result<IngestReceipt> IngestWriter::write(std::span<Observation const> observations) {
    IngestBatch batch(observations);
    if (auto done = points_.number(batch); !done) return done.error();
    points_.write(batch);
    connection_.send(sql::commit);
    if (auto done = connection_.run(); !done) return done.error();
    repeated_.Increment(static_cast<double>(batch.receipt.repeated));
    return std::move(batch.receipt);
}

}  // namespace mds::postgres
