#include "services/ingest.hpp"

#include "services/ingest_writer.hpp"
#include "support/offload.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace mds {

Ingest::Ingest(IngestStore& store, Clock& clock, Random& random, std::vector<CommitListener*> listeners, support::Log log,
               support::Metrics& metrics, IngestOptions options)
    : writer_(std::make_unique<Writer>(store, clock, random, std::move(listeners), std::move(log), metrics, options)) {}

Ingest::~Ingest() = default;

void Ingest::start() {
    writer_->start();
}

Task<std::vector<PricePoint>> Ingest::submit(Observation observation) {
    auto start = [writer = writer_.get(), observation = std::move(observation)](auto handler) mutable {
        writer->enqueue(std::move(observation), std::move(handler));
    };
    return net::async_initiate<net::use_awaitable_t<IoExecutor> const, void(StoredPoints)>(std::move(start), support::use_task);
}

bool Ingest::accepting() const noexcept {
    return writer_->accepting();
}
bool Ingest::healthy() const noexcept {
    return writer_->healthy();
}
void Ingest::stop_waiting() noexcept {
    writer_->stop_waiting();
}
void Ingest::interrupt() noexcept {
    writer_->interrupt();
}
bool Ingest::drain(SteadyTime deadline) noexcept {
    return writer_->drain(deadline);
}

}  // namespace mds
