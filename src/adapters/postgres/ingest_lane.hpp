#pragma once

#include <mds/ports/ingest_store.hpp>

#include "adapters/postgres/point_writer.hpp"
#include "support/metrics.hpp"

#include <vector>

namespace mds::postgres {

/// One connection that commits observations, in the steps of PointWriter: one transaction for all that it is given. One thread at a
/// time.
class IngestLane {
public:
    IngestLane(ConnectionOptions const& options, Condition& condition, support::Metrics& metrics);
    /// The receipt is in the order of the observations.
    Result<IngestReceipt> commit(std::vector<Observation const*> const& observations);

private:
    Result<IngestReceipt> commit_by(Way way, std::vector<Observation const*> observations);
    Result<IngestReceipt> write(IngestBatch batch, Way way);

    Connection connection_;
    KnownNames names_;
    PointWriter points_;
    prometheus::Counter& repeated_;
    prometheus::Counter& fenced_;
};

}  // namespace mds::postgres
