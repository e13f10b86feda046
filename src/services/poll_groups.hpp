#pragma once

#include <mds/domain/time.hpp>

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// How targets are dealt into fetch groups, and when a group is due. Pure functions of the set of targets: a restart, or another
// process, comes to the same groups, names and phases whatever the order in which jobs came and went.

namespace mds {

class ProviderDirectory;

/// The same on every machine and in every version: FNV-1a, then the finaliser of SplitMix64 so that the high bits mix as well.
std::uint64_t stable_hash(std::string_view text) noexcept;

/// The symbols whose hash begins with the first `depth` bits of `bits`; the other bits are zero.
struct HashPrefix {
    std::uint64_t bits = 0;
    int depth = 0;

    HashPrefix() = default;
    HashPrefix(std::uint64_t b, int d) noexcept : bits(b), depth(d) {}
    bool covers(std::uint64_t hash) const noexcept;
    friend auto operator<=>(HashPrefix const&, HashPrefix const&) = default;
};

/// Hexadecimal digits and the depth, like a network: "a3c/10", "0/0".
std::string to_string(HashPrefix prefix);
std::optional<HashPrefix> parse_hash_prefix(std::string_view text) noexcept;

/// A part of a sorted array of hashes: [first, last).
struct Bucket {
    HashPrefix prefix;
    std::size_t first = 0;
    std::size_t last = 0;
};

/// The leaves of the binary trie over `sorted` (ascending) whose nodes are split while they hold more than `max` hashes. One more
/// hash splits at most one bucket, the others stay as they are. With `max` 1 every hash has a bucket of depth 64, so that nobody is
/// renamed by a newcomer.
std::vector<Bucket> split_into_buckets(std::span<std::uint64_t const> sorted, std::size_t max);

/// How many symbols one request to the provider takes: what a bucket holds at most.
std::size_t batch_max_of(ProviderDirectory const& providers, std::string const& name);

/// "simulated,finnhub@60s": what all groups of one provider list and interval have in common.
std::string lane_name(std::span<std::string const> providers, std::chrono::seconds interval);

/// Ticks of a group fall on `phase`, `phase` + interval, ... counted from the epoch.
struct TickGrid {
    std::chrono::microseconds interval{std::chrono::seconds(1)};
    std::chrono::microseconds phase{0};

    /// Groups of one lane are spread evenly over the interval by their prefix; of the two halves of a split bucket one keeps its phase.
    TickGrid(std::string_view lane, std::chrono::seconds every, HashPrefix prefix) noexcept;
    /// The first tick after `time`.
    UtcTime after(UtcTime time) const noexcept;
};

}  // namespace mds
