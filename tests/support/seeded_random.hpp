#pragma once

#include <mds/ports/clock.hpp>

#include <atomic>

namespace mds::test {

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators): the same numbers in every run. Any thread.
class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed = 1) : state_(seed) {}

    std::uint64_t next() noexcept override {
        std::uint64_t z = state_.fetch_add(0x9e3779b97f4a7c15u) + 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }

private:
    std::atomic<std::uint64_t> state_;
};

}  // namespace mds::test
