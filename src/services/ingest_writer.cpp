#include "services/ingest_writer.hpp"

#include "support/backoff.hpp"

#include <pthread.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace mds {
namespace {

std::size_t results_of(Observation const& observation) noexcept {
    return std::max<std::size_t>(1, observation.results.size());
}
std::size_t bytes_of(Observation const& observation) noexcept {
    return observation.answer ? observation.answer->body.size() : 0;
}

Error unavailable(char const* message) {
    Error error(ErrorCode::unavailable, message);
    error.retry_after = std::chrono::seconds(1);
    return error;
}

}  // namespace

Ingest::Writer::Writer(IngestStore& store, Clock& clock, Random& random, std::vector<CommitListener*> listeners, support::Log log,
                       support::Metrics& metrics, IngestOptions options)
    : store_(store),
      clock_(clock),
      random_(random),
      listeners_(std::move(listeners)),
      log_(std::move(log)),
      metrics_(metrics),
      options_(options) {}

Ingest::Writer::~Writer() {
    interrupt();
    give_up();
    if (thread_.joinable())
        thread_.join();
    else
        refuse_queued();  // never started
}

void Ingest::Writer::start() {
    thread_ = std::thread([this] {
        pthread_setname_np(pthread_self(), "mds-ingest");
        run();
    });
}

void Ingest::Writer::enqueue(Observation observation, IngestSubmitter submitter) {
    std::unique_lock lock(mutex_);
    if (!stopping_ && !give_up_ && !full()) {
        queued_results_ += results_of(observation);
        queued_bytes_ += bytes_of(observation);
        metrics_.queued.Set(static_cast<double>(queued_results_));
        bool const was_empty = queue_.observations.empty();
        queue_.observations.push_back(std::move(observation));
        queue_.submitters.push_back(std::move(submitter));
        lock.unlock();
        if (was_empty) wake_.notify_one();
        return;
    }
    bool const stopping = stopping_ || give_up_;
    lock.unlock();
    (stopping ? metrics_.refused_stopping : metrics_.refused_full).Increment();
    IngestAnswers answers;
    answers.add(std::move(submitter), unavailable(stopping ? "the service is stopping" : "too many prices wait to be stored"));
    answers.send();
}

bool Ingest::Writer::accepting() const noexcept {
    std::lock_guard const lock(mutex_);
    return !stopping_ && !give_up_ && !full();
}

void Ingest::Writer::stop_waiting() noexcept {
    {
        std::lock_guard const lock(mutex_);
        impatient_ = true;
    }
    wake_.notify_one();
}

void Ingest::Writer::interrupt() noexcept {
    {
        std::lock_guard const lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
}

bool Ingest::Writer::drain(SteadyTime deadline) noexcept {
    interrupt();
    if (!thread_.joinable()) return refuse_queued() == 0;
    {
        std::unique_lock lock(mutex_);
        // Both clocks may be virtual: what is left is measured by theirs, and waited for by the machine's.
        auto const left = std::max(SteadyTime::duration::zero(), deadline - clock_.steady_now());
        ended_.wait_for(lock, std::min<SteadyTime::duration>(left, std::chrono::hours(1)), [this] { return done_; });
    }
    give_up();
    thread_.join();
    return !gave_up_work_;
}

bool Ingest::Writer::full() const noexcept {
    return queued_results_ >= options_.max_queued_results || queued_bytes_ >= options_.max_queued_bytes;
}

void Ingest::Writer::give_up() noexcept {
    {
        std::lock_guard const lock(mutex_);
        give_up_ = true;
    }
    wake_.notify_one();
}

void Ingest::Writer::run() {
    for (Queue batch; wait_for_work(batch);) {
        std::size_t first = 0;
        while (first < batch.size()) {
            std::size_t const last = end_of_batch(batch, first);
            commit(batch, first, last);
            first = last;
        }
        batch.observations.clear();
        batch.submitters.clear();
    }
    std::lock_guard const lock(mutex_);
    done_ = true;
    ended_.notify_all();
}

/// Swaps everything queued into `batch`, which is empty. False: nothing will come any more.
bool Ingest::Writer::wait_for_work(Queue& batch) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopping_ || !queue_.observations.empty(); });
    std::swap(batch, queue_);
    return batch.size() != 0;
}

std::size_t Ingest::Writer::end_of_batch(Queue const& batch, std::size_t first) const noexcept {
    std::size_t results = 0;
    std::size_t last = first;
    while (last < batch.size()) {
        results += results_of(batch.observations[last]);
        if (last > first && results > options_.max_batch_results) break;
        ++last;
    }
    return last;
}

/// Ends with every submitter of [first, last) answered. A range that the store refuses is halved until the guilty one stands alone.
void Ingest::Writer::commit(Queue& batch, std::size_t first, std::size_t last) {
    auto const observations = std::span<Observation const>(batch.observations).subspan(first, last - first);
    auto result = commit_when_store_is_there(observations);
    if (result) return acknowledge(batch, first, last, *result);
    if (result.error().code != ErrorCode::invalid_argument) return refuse(batch, first, last, result.error());
    if (last - first == 1) {
        metrics_.refused_invalid.Increment();
        auto const& lost = batch.observations[first];
        log_.error("ingest.refused", {{"raw_id", lost.raw_id.to_string()},
                                      {"provider", lost.provider},
                                      {"reason", result.error().message},
                                      {"detail", result.error().detail}});
        return refuse(batch, first, last, result.error());
    }
    metrics_.bisections.Increment();
    std::size_t const middle = first + (last - first) / 2;
    commit(batch, first, middle);
    commit(batch, middle, last);
}

/// Retries until the store took the batch (every write is replayable), refused it for good, or nobody waits for it any more.
Result<IngestReceipt> Ingest::Writer::commit_when_store_is_there(std::span<Observation const> batch) {
    for (int failures = 0;; ++failures) {
        if (given_up()) return unavailable("the service is stopping");
        auto const began = clock_.steady_now();
        auto result = store_.commit(batch);
        metrics_.commit_seconds.Observe(std::chrono::duration<double>(clock_.steady_now() - began).count());
        if (result || result.error().code == ErrorCode::invalid_argument) {
            note_store(true, {});
            return result;
        }
        note_store(false, result.error());
        if (is_last_try()) give_up();
        metrics_.retries.Increment();
        pause(support::full_jitter(failures, options_.retry_min, options_.retry_max, random_.next()));
    }
}

void Ingest::Writer::note_store(bool works, Error const& error) {
    if (healthy_.exchange(works, std::memory_order_relaxed) == works) return;
    if (works)
        log_.info("ingest.store_back");
    else
        log_.error("ingest.store_away", {{"reason", error.message}, {"detail", error.detail}});
}

/// Called after each failed one.
bool Ingest::Writer::is_last_try() {
    std::lock_guard const lock(mutex_);
    return impatient_ && --last_tries_ <= 0;
}

bool Ingest::Writer::given_up() const {
    std::lock_guard const lock(mutex_);
    return give_up_;
}

void Ingest::Writer::pause(std::chrono::milliseconds length) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, length, [this] { return give_up_ || impatient_; });
}

void Ingest::Writer::acknowledge(Queue& batch, std::size_t first, std::size_t last, IngestReceipt& receipt) {
    auto const observations = std::span<Observation const>(batch.observations).subspan(first, last - first);
    metrics_.count(observations, receipt);
    tell_listeners(receipt.points);
    release(observations);
    IngestAnswers answers;
    for (std::size_t i = first; i < last; ++i) answers.add(std::move(batch.submitters[i]), std::move(receipt.points[i - first]));
    answers.send();
}

/// The listeners want one run of points; it is lent from the receipt and given back, so that no string is copied.
void Ingest::Writer::tell_listeners(std::vector<std::vector<PricePoint>>& points) {
    std::vector<PricePoint> all;
    for (auto& some : points) std::ranges::move(some, std::back_inserter(all));
    if (all.empty()) return;
    for (auto* const listener : listeners_) listener->committed(all);
    auto from = all.begin();
    for (auto& some : points) {
        for (auto& point : some) point = std::move(*from++);
    }
}

void Ingest::Writer::refuse(Queue& batch, std::size_t first, std::size_t last, Error const& error) {
    if (error.code != ErrorCode::invalid_argument) {
        gave_up_work_ = true;
        metrics_.refused_stopping.Increment(static_cast<double>(last - first));
    }
    release(std::span<Observation const>(batch.observations).subspan(first, last - first));
    IngestAnswers answers;
    for (std::size_t i = first; i < last; ++i) answers.add(std::move(batch.submitters[i]), error);
    answers.send();
}

std::size_t Ingest::Writer::refuse_queued() {
    Queue left;
    {
        std::lock_guard const lock(mutex_);
        std::swap(left, queue_);
    }
    if (left.size() != 0) refuse(left, 0, left.size(), unavailable("the service is stopping"));
    return left.size();
}

void Ingest::Writer::release(std::span<Observation const> observations) {
    std::lock_guard const lock(mutex_);
    for (auto const& observation : observations) {
        queued_results_ -= results_of(observation);
        queued_bytes_ -= bytes_of(observation);
    }
    metrics_.queued.Set(static_cast<double>(queued_results_));
}

}  // namespace mds
