#pragma once

#include <mds/domain/observation.hpp>
#include <mds/ports/task.hpp>

#include <vector>

namespace mds {

/// Ingest, as the poller sees it.
class ObservationSink {
public:
    virtual ~ObservationSink() = default;
    /// Resumes once the observation is durable. Errors: unavailable, invalid_argument (it can never be stored).
    virtual Task<std::vector<PricePoint>> submit(Observation observation) = 0;
    virtual bool accepting() const noexcept = 0;
};

}  // namespace mds
