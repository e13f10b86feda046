#pragma once

#include <mds/domain/time.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mds {

/// A record of the bus that can never be read, kept byte for byte.
struct DeadLetter {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::string key;
    std::string value;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string error_class;
    std::string error;
    UtcTime received_at;
};

}  // namespace mds
