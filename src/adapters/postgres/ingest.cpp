#include "adapters/postgres/ingest.hpp"

#include "adapters/postgres/statements.hpp"

#include <algorithm>

namespace mds::postgres {

IngestWriter::IngestWriter(ConnectionOptions const& options, Condition& condition, support::Metrics& metrics)
    : connection_(options, Side::write, condition),
      names_(connection_),
      points_(connection_, names_),
      repeated_(
          metrics.counter("mds_postgres_repeated_observations_total", "Observations that were stored before and sent again")) {}

Result<IngestReceipt> IngestWriter::commit(std::span<Observation const> observations) {
    if (!std::ranges::all_of(observations, is_complete))
        return Error(ErrorCode::invalid_argument, "an observation without one result for every symbol asked for");
    IngestBatch batch(observations);
    TransactionScope const scope(connection_);
    if (auto done = points_.learn(batch); !done) return done.error();
    connection_.send(sql::begin);
    if (auto done = points_.number(batch); !done) return done.error();
    points_.write(batch);
    connection_.send(sql::commit);
    if (auto done = connection_.run(); !done) return done.error();
    repeated_.Increment(static_cast<double>(batch.receipt.repeated));
    return std::move(batch.receipt);
}

}  // namespace mds::postgres
