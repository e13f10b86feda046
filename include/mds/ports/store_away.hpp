#pragma once

#include <stdexcept>

namespace mds {

/// Thrown while a start opens a store, or first reads it, and what it lives on is not to be had now, but may be later: a server
/// that starts, that is full, that another process is just migrating. Any other std::runtime_error needs an operator.
class StoreAway : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace mds
