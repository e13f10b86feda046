#pragma once

namespace mds::support {

/// Gives the pages that are free inside the allocator's heaps back to the system: what a burst took would stay with the process for
/// good where anything that lives on was allocated after it. Takes longer the larger the heaps are; other
/// threads may wait for it when they allocate.
void give_back_free_memory() noexcept;

}  // namespace mds::support
