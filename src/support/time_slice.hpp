#pragma once

#include <chrono>

namespace mds::support {

/// For a thread that has little to do at a time and should do it at once: asks for slices of the processor as short as this, 0.1 to
/// 100 ms. It gets no more of the processor for it, but when it wakes up it need not wait for the end of another's longer slice
/// (EEVDF, Linux 6.12: sched_setattr(2), sched_runtime under SCHED_OTHER). Kernels before that pay no heed, and where it is not
/// allowed all stays as it was. Of the calling thread.
void ask_for_short_slices(std::chrono::nanoseconds slice) noexcept;

}  // namespace mds::support
