#pragma once

#include <mds/ports/ingest_store.hpp>
#include <mds/ports/task.hpp>

#include "adapters/postgres/ingest_lane.hpp"

#include <boost/asio/thread_pool.hpp>

#include <future>
#include <memory>
#include <span>
#include <vector>

namespace mds::postgres {

/// Large batches are written in several transactions at once, each by a lane: a connection and a thread. All that names one
/// symbol takes one lane, in its order, so that lanes have no series in common.
class IngestWriter final : public IngestStore {
public:
    IngestWriter(ConnectionOptions const& options, Condition& condition, support::Metrics& metrics);
    ~IngestWriter() override;
    Result<IngestReceipt> commit(std::span<Observation const> batch) override;

private:
    struct Part;
    std::vector<Part> split(std::span<Observation const> batch) const;
    static std::vector<Part> deal(std::span<Observation const> batch, std::size_t lanes);
    std::vector<std::future<Result<IngestReceipt>>> commit(std::vector<Part> const& parts);

    std::vector<std::unique_ptr<IngestLane>> lanes_;
    net::thread_pool threads_;  ///< of the lanes but the first, which is the caller's
};

}  // namespace mds::postgres
