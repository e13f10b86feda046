#pragma once

#include <mds/ports/ingest_store.hpp>

#include "adapters/postgres/known_names.hpp"
#include "support/metrics.hpp"

namespace mds::postgres {

/// Two round trips per batch: one that locks the series rows and looks up, under that lock, what is stored already; one that
/// writes. The lock is held to COMMIT, so the order of commit is the order of `seq`, however many processes write. Between the two
/// the points are numbered here: last_seq + 1, 2, 3 ... per series, by the same rules as in the embedded store.
class IngestWriter final : public IngestStore {
public:
    IngestWriter(ConnectionOptions const& options, Condition& condition, support::Metrics& metrics);
    Result<IngestReceipt> commit(std::span<Observation const> batch) override;

private:
    class Batch;

    Result<void> prepare(Batch& batch);
    Result<void> look_up_repeated(Batch& batch);
    Result<void> write(Batch& batch);

    Connection connection_;
    KnownNames names_;
    prometheus::Counter& repeated_;
};

}  // namespace mds::postgres
