#pragma once

#include <mds/domain/observation.hpp>

#include <cstdint>
#include <string>

namespace mds {

/// A stored point as the bus carries it: value = the five contract fields, the rest travels in record headers.
struct PriceEvent {
    PricePoint point;
    std::int64_t store_epoch = 0;

    PriceEvent(PricePoint p, std::int64_t epoch) : point(std::move(p)), store_epoch(epoch) {}
};

/// Version of the header set; raised when a reader of the old one would go wrong.
inline constexpr int event_schema_version = 1;

}  // namespace mds
