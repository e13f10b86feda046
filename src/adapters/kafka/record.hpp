#pragma once

#include <mds/ports/event_source.hpp>

#include <librdkafka/rdkafka.h>

namespace mds::kafka {

/// Key, value, headers and time, byte for byte.
RawRecord record_of(rd_kafka_message_t const& message);

/// Behind the others of its partition.
void append(RecordsRead& read, rd_kafka_message_t const& message);

}  // namespace mds::kafka
