#pragma once

#include <mds/domain/error.hpp>
#include <mds/domain/observation.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace mds {

/// What one commit wrote.
struct IngestReceipt {
    std::vector<std::vector<PricePoint>>
        points;                ///< per observation, in the order of its quotes; numbers of the first commit where repeated
    std::size_t repeated = 0;  ///< observations that were stored already (a retry after an unknown commit outcome)
};

/// The only way in for points. Blocking; called from the ingest writer thread only.
class IngestStore {
public:
    virtual ~IngestStore() = default;

    /// Writes raw rows, points with the next dense `seq` per series, outbox positions, outcomes and tick progress of the batch,
    /// each observation whole in one durable transaction. A large batch may take several at once; what names one symbol is numbered
    /// in its order. Replayable: an observation whose raw_id (or, without an answer, whose rejects) is stored is not written again,
    /// and its points are returned with their numbers. Errors: unavailable (retry the same batch), invalid_argument (one of the
    /// observations can never be stored: bisect). After either, some of the others may be stored.
    virtual Result<IngestReceipt> commit(std::span<Observation const> batch) = 0;
};

/// Told of every commit of this process, on the writer thread, before the submitter resumes. The points of a series come in their
/// order. Must be quick.
class CommitListener {
public:
    virtual ~CommitListener() = default;
    virtual void committed(std::span<PricePoint const> points) noexcept = 0;
};

}  // namespace mds
