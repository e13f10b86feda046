#pragma once

#include "adapters/postgres/ingest_batch.hpp"
#include "adapters/postgres/known_names.hpp"

namespace mds::postgres {

/// How raw rows and points go in.
enum class Way {
    copy,    ///< COPY, which costs the server least; fails where an answer is stored already (Fault::repeated_row)
    insert,  ///< looks up what is stored already, and passes over it
};

/// From about 200 rows on COPY is worth its round trips.
constexpr Way cheapest_way(std::size_t rows) noexcept {
    return rows < 200 ? Way::insert : Way::copy;
}

/// The steps that make raw rows, points, rejects and events of observations, within a transaction that its user begins and commits.
/// Two round trips: one that locks the series rows and looks up, under that lock, what is stored already; one that writes. COPY
/// takes two more for each table, and pays from some hundreds of rows on. The lock is held to COMMIT, so the order of commit is the
/// order of `seq`, however many processes write. Between the two the points are numbered here: last_seq + 1, 2, 3 ... per series,
/// by the same rules as in the embedded store.
class PointWriter {
public:
    PointWriter(Connection& connection, KnownNames& names) : connection_(connection), names_(names) {}

    /// Before the transaction.
    Result<void> learn(IngestBatch const& batch);
    /// The first round trip; takes along what is queued already.
    Result<void> number(IngestBatch& batch, Way way);
    /// Queues the second, behind what is copied.
    Result<void> write(IngestBatch const& batch, Way way);

private:
    Result<void> lock(IngestBatch& batch, Way way);
    Result<void> look_up_repeated(IngestBatch& batch);
    Result<void> copy(IngestBatch const& batch);
    void insert(IngestBatch const& batch);

    Connection& connection_;
    KnownNames& names_;
};

}  // namespace mds::postgres
