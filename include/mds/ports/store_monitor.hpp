#pragma once

#include <mds/module.hpp>

namespace mds {

/// The store's condition as its connections last saw it; nothing is asked when called. Any thread, lock-free.
class StoreMonitor {
public:
    virtual ~StoreMonitor() = default;
    virtual Health store_health() const = 0;
};

}  // namespace mds
