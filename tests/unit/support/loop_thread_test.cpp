#include "support/loop_thread.hpp"

#include "support/catch.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

namespace mds::support {
namespace {

int nice_of_this_thread() {
    return getpriority(PRIO_PROCESS, static_cast<id_t>(gettid()));
}

}  // namespace

TEST_CASE("a thread that gives way does so alone") {
    int const before = nice_of_this_thread();
    std::promise<int> told;
    bool done = false;
    LoopThread thread(
        "polite",
        [&] {
            if (!std::exchange(done, true)) told.set_value(nice_of_this_thread());
            return std::chrono::milliseconds(1000);
        },
        7);
    thread.start();
    CHECK(told.get_future().get() == std::max(before, 7));
    CHECK(nice_of_this_thread() == before);
}

}  // namespace mds::support
