#pragma once

#include <mds/domain/error.hpp>
#include <mds/ports/outbox.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>

namespace mds {

/// What came back since the last call. Reports are taken in the order in which the events were handed over: a later event that is
/// acknowledged already counts once all before it are.
struct DeliveryReport {
    std::size_t delivered = 0;     ///< so many more, from the oldest without a report on
    std::optional<Error> failure;  ///< the rest was given up; parts of it may be on the bus all the same
};

/// The producing end of the bus. Blocking; one thread, except interrupt().
class EventPublisher {
public:
    virtual ~EventPublisher() = default;
    /// Hands over a run of events in their order; how many it took, from the first on: fewer where its queue is full. Errors:
    /// unavailable (nothing was taken: try again).
    virtual Result<std::size_t> enqueue(std::span<OutboxEvent const> events) = 0;
    /// Waits up to `wait` for reports. After a failure nothing is under way any more, and enqueue() begins anew behind what was
    /// delivered.
    virtual DeliveryReport delivered(std::chrono::milliseconds wait) = 0;
    /// Makes a delivered() under way, or else the next one, return soon. Any thread.
    virtual void interrupt() noexcept = 0;
    /// Gives up what is under way, as a failure does.
    virtual void abandon() = 0;
};

}  // namespace mds
