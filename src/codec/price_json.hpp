#pragma once

#include <mds/domain/observation.hpp>

#include <string>

namespace mds::codec {

/// Appends the four-key body of GET /prices/latest, without a newline. Appends only: nothing else is allocated.
void append_latest_body(std::string& out, PricePoint const& point);

}  // namespace mds::codec
