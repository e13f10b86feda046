// The wall clock of one process, moved by as many seconds as a file says; the steady clock goes on. To be loaded by LD_PRELOAD.
//
// libfaketime moves timespec_get as well, behind the back of the C library, whose cnd_timedwait then waits for the jump to come to pass.
// librdkafka waits by that: its threads would stand still for an hour, which no jump of a real clock makes them do.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

/// The file holds one number, in the byte order of this machine: its writer changes it in place, so that a jump is one store.
std::atomic<std::int64_t> const* shift_of_file() {
    auto const* path = std::getenv("E2E_CLOCK_SHIFT");
    auto const file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) std::abort();
    auto* const mapped = mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (mapped == MAP_FAILED) std::abort();
    return static_cast<std::atomic<std::int64_t> const*>(mapped);
}

std::int64_t shift() {
    static auto const* const seconds = shift_of_file();
    return seconds->load(std::memory_order_relaxed);
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
    auto const code = static_cast<int>(syscall(SYS_clock_gettime, clock, now));
    if (code == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += shift();
    return code;
}

int gettimeofday(timeval* now, void*) noexcept {
    timespec precise{};
    clock_gettime(CLOCK_REALTIME, &precise);
    *now = {precise.tv_sec, precise.tv_nsec / 1000};
    return 0;
}

time_t time(time_t* now) noexcept {
    timespec precise{};
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now) *now = precise.tv_sec;
    return precise.tv_sec;
}
}
