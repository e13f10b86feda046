#include "modules/http/timer_wheel.hpp"
#include "support/catch.hpp"

#include <vector>

using namespace mds::http;
using namespace std::chrono_literals;

namespace {

/// The tick at which an entry expires that is moved by `change` at once.
template <class Change>
int expiry(std::chrono::milliseconds first, Change change) {
    TimerWheel wheel;
    WheelEntry entry;
    wheel.add(entry, first);
    change(wheel, entry);
    int ticks = 0;
    for (bool done = false; !done && ticks < 5000;) {
        ++ticks;
        wheel.advance([&](WheelEntry& expired) {
            done = true;
            wheel.remove(expired);
        });
    }
    CHECK(wheel.empty());
    return ticks;
}

}  // namespace

TEST_CASE("an entry expires at its tick, also when it was moved") {
    auto const stay = [](TimerWheel&, WheelEntry&) {};
    CHECK(expiry(0ms, stay) == 1);
    CHECK(expiry(100ms, stay) == 1);
    CHECK(expiry(101ms, stay) == 2);
    CHECK(expiry(60s, stay) == 600);
    CHECK(expiry(5min, stay) == 3000);
    CHECK(expiry(60s, [](TimerWheel& wheel, WheelEntry& entry) { wheel.set(entry, 5s); }) == 50);
    CHECK(expiry(5s, [](TimerWheel& wheel, WheelEntry& entry) { wheel.set(entry, 60s); }) == 600);
    CHECK(expiry(5s, [](TimerWheel& wheel, WheelEntry& entry) {
        wheel.set(entry, 60s);
        wheel.set(entry, 1s);
    }) == 10);
}

TEST_CASE("entries of one tick all expire, and those that are set again come again") {
    TimerWheel wheel;
    std::vector<WheelEntry> entries(5);
    for (auto& entry : entries) wheel.add(entry, 100ms);
    int count = 0;
    wheel.advance([&](WheelEntry& entry) {
        ++count;
        wheel.set(entry, 200ms);
    });
    CHECK(count == 5);
    wheel.advance([&](WheelEntry&) { ++count; });
    CHECK(count == 5);
    wheel.advance([&](WheelEntry& entry) {
        ++count;
        wheel.remove(entry);
    });
    CHECK(count == 10);
    CHECK(wheel.empty());
}
