#include "support/fault_memory.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <thread>

using mds::support::FaultBearing;
using mds::support::FaultKind;
using mds::support::FaultMemory;
using mds::support::Side;

namespace {

constexpr FaultKind full{"the disk is full", "full", FaultBearing::outage};
constexpr FaultKind locked{"locked", "locked", FaultBearing::outage};
constexpr FaultKind torn{"the file is damaged", "torn", FaultBearing::damage};
constexpr FaultKind odd_row{"a row is refused", "row", FaultBearing::request};
constexpr FaultKind collision{"another writer", "busy", FaultBearing::passing};

struct World {
    mds::support::Metrics metrics;
    FaultMemory memory{mds::support::Log::silent(), metrics, "store_faults_total", "Faults"};

    double counted(FaultKind const& kind) {
        return metrics.counter("store_faults_total", "Faults", {{"kind", kind.label}}).Value();
    }
};

}  // namespace

TEST_CASE("an outage lasts until its side works again, a full disk can be read all the while") {
    World world;
    CHECK(world.memory.suffered() == nullptr);
    world.memory.failed(Side::read, locked, "");
    world.memory.failed(Side::write, full, "");
    CHECK(world.memory.suffered() == &full);
    world.memory.worked(Side::write);
    CHECK(world.memory.suffered() == &locked);
    world.memory.worked(Side::read);
    CHECK(world.memory.suffered() == nullptr);
    CHECK(world.counted(full) == 1);
}

TEST_CASE("damage stays, whatever works or fails after it") {
    World world;
    world.memory.failed(Side::write, torn, "");
    world.memory.failed(Side::write, full, "");
    world.memory.worked(Side::write);
    CHECK(world.memory.suffered() == &torn);
}

TEST_CASE("a refused row and a collision of writers are counted and say nothing of the store") {
    World world;
    world.memory.failed(Side::write, odd_row, "");
    world.memory.failed(Side::write, collision, "");
    CHECK(world.memory.suffered() == nullptr);
    CHECK(world.counted(odd_row) == 1);
    CHECK(world.counted(collision) == 1);
}

TEST_CASE("whoever waits for a fault is woken by one that may mend, and by the end") {
    World world;
    world.memory.failed(Side::write, torn, "");  // waiting for that to mend would be in vain
    std::atomic<bool> woken = false;
    bool after_stop = true;
    std::thread waiting([&] {
        bool const came = world.memory.wait_for_fault();
        world.memory.worked(Side::read);
        woken = came;
        after_stop = world.memory.wait_for_fault();
    });
    world.memory.failed(Side::read, locked, "");
    while (!woken) std::this_thread::yield();
    world.memory.stop();
    waiting.join();
    CHECK_FALSE(after_stop);
    CHECK_FALSE(world.memory.pause());
}
