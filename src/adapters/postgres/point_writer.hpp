#pragma once

#include "adapters/postgres/ingest_batch.hpp"
#include "adapters/postgres/known_names.hpp"

namespace mds::postgres {

/// The steps that make raw rows, points, rejects and events of observations, within a transaction that its user begins and commits.
/// Two round trips: one that locks the series rows and looks up, under that lock, what is stored already; one that writes. The lock
/// is held to COMMIT, so the order of commit is the order of `seq`, however many processes write. Between the two the points are
/// numbered here: last_seq + 1, 2, 3 ... per series, by the same rules as in the embedded store.
class PointWriter {
public:
    PointWriter(Connection& connection, KnownNames& names) : connection_(connection), names_(names) {}

    /// Before the transaction.
    Result<void> learn(IngestBatch const& batch);
    /// The first round trip; takes along what is queued already.
    Result<void> number(IngestBatch& batch);
    /// Queues the second.
    void write(IngestBatch const& batch);

private:
    Result<void> lock(IngestBatch& batch);
    Result<void> look_up_repeated(IngestBatch& batch);

    Connection& connection_;
    KnownNames& names_;
};

}  // namespace mds::postgres
