#include "support/time_slice.hpp"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace mds::support {
namespace {

/// struct sched_attr, version 0, as sched_setattr(2) describes it: no C library of Debian 12 has it.
struct SchedulingAttributes {
    std::uint32_t size = sizeof(SchedulingAttributes);
    std::uint32_t policy = 0;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime = 0;
    std::uint64_t deadline = 0;
    std::uint64_t period = 0;
};
static_assert(sizeof(SchedulingAttributes) == 48);

}  // namespace

void ask_for_short_slices(std::chrono::nanoseconds slice) noexcept {
    SchedulingAttributes attributes;
    if (syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) != 0 || attributes.policy != SCHED_OTHER) return;
    attributes.flags = 0;
    attributes.runtime = static_cast<std::uint64_t>(slice.count());
    static_cast<void>(syscall(SYS_sched_setattr, 0, &attributes, 0));
}

}  // namespace mds::support
