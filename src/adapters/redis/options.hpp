#pragma once

#include "adapters/redis/address.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace mds::redis {

struct Options {
    Address address;
    std::string prefix = "mds";    ///< of every key
    std::int64_t store_epoch = 0;  ///< of the store whose points these are
    std::chrono::milliseconds ttl{86'400'000};
    std::chrono::milliseconds timeout{25};  ///< of a read, and of the probe that ends a reconnection

    std::chrono::milliseconds connect_timeout{1000};  ///< name look-up, connection and log-in together
    std::chrono::milliseconds write_timeout{1000};    ///< of one batch of points
    std::chrono::milliseconds retry_min{50};
    std::chrono::milliseconds retry_max{2000};
    std::chrono::milliseconds proven{10'000};  ///< a connection that lasted so long makes its failures before forgotten

    std::size_t max_queued = 20'000;  ///< points that wait to be written
    std::size_t max_batch = 500;      ///< points per command
};

}  // namespace mds::redis
