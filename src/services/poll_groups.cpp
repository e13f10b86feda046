#include "services/poll_groups.hpp"

#include <mds/ports/provider.hpp>

#include <algorithm>
#include <charconv>

namespace mds {

std::uint64_t stable_hash(std::string_view text) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (char const c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3U;
    }
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9U;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebU;
    return hash ^ (hash >> 31);
}

bool HashPrefix::covers(std::uint64_t hash) const noexcept {
    return depth == 0 || ((hash ^ bits) >> (64 - depth)) == 0;
}

std::string to_string(HashPrefix prefix) {
    static constexpr char const* digits = "0123456789abcdef";
    std::string text;
    for (int at = 0; at == 0 || at < prefix.depth; at += 4) text += digits[(prefix.bits >> (60 - at)) & 0xf];
    return text + '/' + std::to_string(prefix.depth);
}

std::optional<HashPrefix> parse_hash_prefix(std::string_view text) noexcept {
    auto const slash = text.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash > 16) return std::nullopt;
    HashPrefix prefix;
    auto const* const middle = text.data() + slash;
    auto const* const end = text.data() + text.size();
    auto const bits = std::from_chars(text.data(), middle, prefix.bits, 16);
    auto const depth = std::from_chars(middle + 1, end, prefix.depth);
    if (bits.ec != std::errc{} || bits.ptr != middle || depth.ec != std::errc{} || depth.ptr != end) return std::nullopt;
    if (prefix.depth < 0 || prefix.depth > 64) return std::nullopt;
    prefix.bits <<= 64 - 4 * slash;
    return prefix;
}

namespace {

void split(std::span<std::uint64_t const> sorted, std::size_t max, Bucket node, std::vector<Bucket>& leaves) {
    if (node.first == node.last) return;
    if (node.last - node.first <= max || node.prefix.depth == 64) {
        leaves.push_back(node);
        return;
    }
    std::uint64_t const middle = node.prefix.bits | (std::uint64_t{1} << (63 - node.prefix.depth));
    auto const begin = sorted.begin();
    auto const first = begin + static_cast<std::ptrdiff_t>(node.first);
    auto const last = begin + static_cast<std::ptrdiff_t>(node.last);
    auto const cut = static_cast<std::size_t>(std::lower_bound(first, last, middle) - begin);
    split(sorted, max, Bucket{HashPrefix(node.prefix.bits, node.prefix.depth + 1), node.first, cut}, leaves);
    split(sorted, max, Bucket{HashPrefix(middle, node.prefix.depth + 1), cut, node.last}, leaves);
}

}  // namespace

std::vector<Bucket> split_into_buckets(std::span<std::uint64_t const> sorted, std::size_t max) {
    std::vector<Bucket> leaves;
    if (max > 1) {
        split(sorted, max, Bucket{HashPrefix(), 0, sorted.size()}, leaves);
        return leaves;
    }
    leaves.reserve(sorted.size());
    for (std::size_t at = 0; at < sorted.size(); ++at) leaves.push_back(Bucket{HashPrefix(sorted[at], 64), at, at + 1});
    return leaves;
}

std::size_t batch_max_of(ProviderDirectory const& providers, std::string const& name) {
    PriceProvider const* const provider = providers.find(name);
    return provider == nullptr ? 1 : std::max<std::size_t>(1, provider->traits().batch_max);
}

std::string lane_name(std::span<std::string const> providers, std::chrono::seconds interval) {
    std::string name;
    for (auto const& provider : providers) {
        if (!name.empty()) name += ',';
        name += provider;
    }
    return name + '@' + std::to_string(interval.count()) + 's';
}

TickGrid::TickGrid(std::string_view lane, std::chrono::seconds every, HashPrefix prefix) noexcept : interval(every) {
    auto const length = static_cast<std::uint64_t>(interval.count());
    // The longest interval has 37 bits, so 24 bits of the prefix fit beside it.
    std::uint64_t const share = ((prefix.bits >> 40) * length) >> 24;
    phase = std::chrono::microseconds(static_cast<std::int64_t>((stable_hash(lane) % length + share) % length));
}

UtcTime TickGrid::after(UtcTime time) const noexcept {
    auto const since = time.time_since_epoch() - phase;
    auto ticks = since / interval;
    if (since < since.zero() && since % interval != since.zero()) --ticks;
    return UtcTime(phase + (ticks + 1) * interval);
}

}  // namespace mds
