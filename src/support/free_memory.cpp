#include "support/free_memory.hpp"

#include <malloc.h>

namespace mds::support {

void give_back_free_memory() noexcept {
    malloc_trim(0);
}

}  // namespace mds::support
