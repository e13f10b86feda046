#include "support/open_files.hpp"

#include <sys/resource.h>

#include <limits>

namespace mds::support {

std::size_t raise_open_file_limit() noexcept {
    constexpr auto unlimited = std::numeric_limits<std::size_t>::max();
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return unlimited;
    if (limit.rlim_cur < limit.rlim_max) {
        rlimit raised = limit;
        raised.rlim_cur = limit.rlim_max;
        if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    }
    return limit.rlim_cur == RLIM_INFINITY ? unlimited : static_cast<std::size_t>(limit.rlim_cur);
}

}  // namespace mds::support
