#pragma once

#include <mds/ports/clock.hpp>
#include <mds/ports/ingest_store.hpp>
#include <mds/ports/task.hpp>

#include "support/log.hpp"
#include "support/metrics.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

namespace mds {

struct IngestOptions {
    std::size_t max_batch_results = 2000;      ///< results (points and rejects) per commit, which a store may deal to several
                                               ///< transactions; one observation is never split
    std::size_t max_queued_results = 50'000;   ///< from here on submit() answers unavailable
    std::size_t max_queued_bytes = 64u << 20;  ///< the same for the bodies of raw answers, which differ in size by a factor of 10^4
    std::chrono::milliseconds retry_min{50};
    std::chrono::milliseconds retry_max{5000};
};

/// The one way in for observations, whoever fetched them. A writer thread commits whatever arrived while the last commit ran (group
/// commit, no fixed delay). While the store is away the queue waits and is retried; nobody was told that it is stored.
class Ingest {
public:
    /// The listeners outlive the service; they hear of each commit on the writer thread, in order.
    Ingest(IngestStore& store, Clock& clock, Random& random, std::vector<CommitListener*> listeners, support::Log log,
           support::Metrics& metrics, IngestOptions options = {});
    ~Ingest();

    void start();
    /// Any I/O thread; resumes there once the observation is durable, with its points in the order of its quotes.
    /// Errors: unavailable (queue full, or stopping), invalid_argument (this observation can never be stored).
    Task<std::vector<PricePoint>> submit(Observation observation);

    /// True while submit() would take an observation: the poller pauses on false.
    bool accepting() const noexcept;
    /// True while the store takes commits.
    bool healthy() const noexcept;

    /// The process ends: while the store is there everything goes on, but it is not waited for any more. Once it fails a try that
    /// began after this, what is queued and what still comes is refused with unavailable. Any thread.
    void stop_waiting() noexcept;
    /// Refuses new work; what is queued is still committed. Any thread.
    void interrupt() noexcept;
    /// Waits until everything queued is committed or refused. At the deadline the rest is refused with unavailable, and false
    /// returned; a commit then under way is waited for. The submitters' io_contexts must still exist.
    bool drain(SteadyTime deadline) noexcept;

private:
    class Writer;
    std::unique_ptr<Writer> writer_;
};

}  // namespace mds
