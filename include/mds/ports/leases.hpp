#pragma once

#include <mds/domain/error.hpp>
#include <mds/ports/task.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mds {

/// `term` grows whenever the lease changes hands.
struct Lease {
    std::string key;
    std::int64_t term = 0;
};

struct LeaseRound {
    std::vector<Lease> held;  ///< by key
    std::size_t share = 0;    ///< how many each owner should hold, so that all hold the same number
};

/// Work that replicas share: each piece has a key and, at a time, one owner, by the store's own clock. An owner that falls silent
/// loses what it holds after `ttl`; it stops by itself earlier, by its own clock. Any I/O thread; resumes there.
class Leases {
public:
    virtual ~Leases() = default;
    /// Says that `owner` lives, renews what it holds, and takes what is free of `wanted`, up to its share. Whoever holds more than
    /// its share gives the rest back once it has finished with it.
    virtual Task<LeaseRound> renew(std::string owner, std::vector<std::string> wanted, std::chrono::milliseconds ttl) = 0;
    /// What is not held is passed over.
    virtual Task<void> give_back(std::string owner, std::vector<std::string> keys) = 0;
    /// Gives everything back and counts among the owners no longer.
    virtual Task<void> leave(std::string owner) = 0;
};

}  // namespace mds
