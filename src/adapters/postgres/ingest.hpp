#pragma once

#include <mds/ports/ingest_store.hpp>

#include "adapters/postgres/point_writer.hpp"
#include "support/metrics.hpp"

namespace mds::postgres {

/// One transaction per batch, in the steps of PointWriter.
class IngestWriter final : public IngestStore {
public:
    IngestWriter(ConnectionOptions const& options, Condition& condition, support::Metrics& metrics);
    Result<IngestReceipt> commit(std::span<Observation const> batch) override;

private:
    Result<IngestReceipt> write(std::span<Observation const> observations);

    Connection connection_;
    KnownNames names_;
    PointWriter points_;
    prometheus::Counter& repeated_;
    prometheus::Counter& fenced_;
};

}  // namespace mds::postgres
