#pragma once

#include <mds/domain/observation.hpp>
#include <mds/ports/event_source.hpp>

#include "codec/event_json.hpp"

#include <cstdint>
#include <string>

namespace mds {

/// Where a record stands.
struct RecordPlace {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
};

/// Another program's event as an observation: the record's bytes are the raw answer, its time is the receipt. Raw row and point
/// have ids that follow from the place and time of the record, so that reading it again is recognised.
Observation observe(codec::ForeignEvent const& event, RawRecord const& record, RecordPlace const& place);

}  // namespace mds
