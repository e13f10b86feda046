#pragma once

#include <mds/ports/event_source.hpp>

#include <librdkafka/rdkafka.h>

#include <variant>

namespace mds::kafka {

/// An event of ours is read at once, from where the client has it and without a copy; whatever else it is comes byte for byte.
std::variant<PriceEvent, RawRecord> content_of(rd_kafka_message_t const& message);

}  // namespace mds::kafka
