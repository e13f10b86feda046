#pragma once

#include "services/ingest.hpp"
#include "services/ingest_answers.hpp"
#include "services/ingest_metrics.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace mds {

/// The queue and its thread, behind Ingest. Any thread may enqueue; everything from run() on is the writer thread's.
class Ingest::Writer {
public:
    Writer(IngestStore& store, Clock& clock, Random& random, std::vector<CommitListener*> listeners, support::Log log,
           support::Metrics& metrics, IngestOptions options);
    ~Writer();

    void start();
    void enqueue(Observation observation, IngestSubmitter submitter);
    bool accepting() const noexcept;
    bool healthy() const noexcept { return healthy_.load(std::memory_order_relaxed); }
    void stop_waiting() noexcept;
    void interrupt() noexcept;
    bool drain(SteadyTime deadline) noexcept;

private:
    /// Observations apart from their submitters, because the store wants them side by side.
    struct Queue {
        std::vector<Observation> observations;
        std::vector<IngestSubmitter> submitters;

        std::size_t size() const noexcept { return observations.size(); }
    };

    bool full() const noexcept;
    void give_up() noexcept;
    std::size_t refuse_queued();

    void run();
    bool wait_for_work(Queue& batch);
    std::size_t end_of_batch(Queue const& batch, std::size_t first) const noexcept;
    void commit(Queue& batch, std::size_t first, std::size_t last);
    Result<IngestReceipt> commit_when_store_is_there(std::span<Observation const> batch);
    void note_store(bool works, Error const& error);
    bool given_up() const;
    bool is_last_try();
    void pause(std::chrono::milliseconds length);
    void acknowledge(Queue& batch, std::size_t first, std::size_t last, IngestReceipt& receipt);
    void tell_listeners(std::vector<std::vector<PricePoint>>& points);
    void refuse(Queue& batch, std::size_t first, std::size_t last, Error const& error);
    void release(std::span<Observation const> observations);

    IngestStore& store_;
    Clock& clock_;
    Random& random_;
    std::vector<CommitListener*> listeners_;
    support::Log log_;
    IngestMetrics metrics_;
    IngestOptions options_;

    mutable std::mutex mutex_;
    std::condition_variable wake_;   // the writer: work, or the end
    std::condition_variable ended_;  // drain(): the writer is done
    Queue queue_;
    std::size_t queued_results_ = 0;  // queued or being committed
    std::size_t queued_bytes_ = 0;
    bool stopping_ = false;
    bool impatient_ = false;  // the store is not waited for any more
    int last_tries_ = 2;      // of which the first may have begun before that
    bool give_up_ = false;
    bool done_ = false;

    std::atomic<bool> healthy_{true};
    bool gave_up_work_ = false;  // the writer's, read after it was joined
    std::thread thread_;
};

}  // namespace mds
