#include "adapters/clock/system_random.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <random>

namespace mds::clock {
namespace {

/// 256 bits of seed: with 64 two threads (or two processes of a fleet) might meet on the same sequence of identifiers.
std::mt19937_64 seeded() {
    std::random_device device;
    std::array<std::random_device::result_type, 8> words;
    std::ranges::generate(words, std::ref(device));
    std::seed_seq seed(words.begin(), words.end());
    return std::mt19937_64(seed);
}

}  // namespace

std::uint64_t SystemRandom::next() noexcept {
    thread_local std::mt19937_64 engine = seeded();
    return engine();
}

}  // namespace mds::clock
