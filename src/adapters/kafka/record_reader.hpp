#pragma once

#include <mds/ports/event_source.hpp>

#include "adapters/kafka/client.hpp"

#include <chrono>
#include <cstddef>
#include <utility>

namespace mds::kafka {

/// What a client has ready, and no more than that: the reading that every consumer shares. For the thread that polls.
class RecordReader {
public:
    struct Taken {
        RecordsRead read;
        std::size_t count = 0;
        std::size_t bytes = 0;  ///< of the values
        MessageHandle failure;  ///< instead of records
    };

    /// Up to `most` records; waits up to `wait` for the first. A failure that comes behind records is kept for the next call.
    Taken read(rd_kafka_t* client, std::size_t most, std::chrono::milliseconds wait);
    /// From within a call of read(), by what librdkafka calls back: it returns with what it has.
    void cut() noexcept { cut_ = true; }
    /// A failure that the caller has no use for now: for the next call.
    void keep(MessageHandle failure) noexcept { failure_ = std::move(failure); }
    /// The kept failure is of an assignment that is over, or the client is about to end.
    void forget_failure() noexcept { failure_.reset(); }

private:
    MessageHandle next(rd_kafka_t* client, std::chrono::milliseconds wait);
    void append(RecordsRead& read, rd_kafka_message_t const& message) const;

    MessageHandle failure_;
    bool cut_ = false;
    std::size_t last_ = 0;  ///< records of the last call
};

}  // namespace mds::kafka
