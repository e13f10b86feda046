#include <adapters/providers/random_walk.hpp>

#include <array>

namespace mds::providers {

namespace {

struct Octave {
    std::int64_t period_us;
    std::int64_t amplitude;  ///< millionths of the base
};

constexpr std::array octaves{Octave{28'800'000'000, 120'000}, Octave{3'600'000'000, 30'000}, Octave{600'000'000, 8'000},
                             Octave{60'000'000, 2'000},       Octave{10'000'000, 700},       Octave{1'000'000, 200}};

std::uint64_t mixed(std::uint64_t x) noexcept {
    x += 0x9E3779B97F4A7C15;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
    return x ^ (x >> 31);
}

/// Between the hashed values of the two lattice points around `at`, linearly; in millionths of the base.
std::int64_t noise(Octave const& octave, std::uint64_t key, std::int64_t at) noexcept {
    auto const cell = at / octave.period_us;
    auto const value = [&](std::int64_t point) {
        auto const bits = mixed(key ^ mixed(static_cast<std::uint64_t>(point)));
        return static_cast<std::int64_t>(bits % static_cast<std::uint64_t>(2 * octave.amplitude + 1)) - octave.amplitude;
    };
    auto const left = value(cell), right = value(cell + 1);
    return left + (right - left) * (at % octave.period_us / 1000) / (octave.period_us / 1000);
}

}  // namespace

std::uint64_t hashed(std::uint64_t seed, std::string_view text, std::uint64_t number) noexcept {
    std::uint64_t hash = 0xCBF29CE484222325;
    for (char const c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
    return mixed(mixed(hash ^ mixed(seed)) ^ number);
}

Price simulated_price(std::uint64_t seed, std::string_view symbol, UtcTime at) noexcept {
    constexpr std::int64_t smallest = 20'000, largest = 20'000'000;  // of 10^-4
    auto const base = smallest + static_cast<std::int64_t>(hashed(seed, symbol, 0) % (largest - smallest));
    std::int64_t moved = 1'000'000;
    for (std::size_t i = 0; i < octaves.size(); ++i) {
        moved += noise(octaves[i], hashed(seed, symbol, i + 1), at.time_since_epoch().count());
    }
    auto const price = base * moved / 1'000'000;
    std::int64_t const tick = price >= 1'000'000 ? 100 : price >= 100'000 ? 10 : 1;  // 2, 3 or 4 decimals
    constexpr Int128 unit = 100'000'000'000'000;                                     // 10^-4 in units of 10^-18
    return Price::from_units(Int128(price / tick * tick) * unit);
}

}  // namespace mds::providers
