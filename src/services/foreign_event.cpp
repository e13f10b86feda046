#include "services/foreign_event.hpp"

#include <string_view>
#include <utility>

namespace mds {
namespace {

/// FNV-1a (Fowler, Noll, Vo), 64 bits.
std::uint64_t digest(std::string_view text) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (char const c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    return hash;
}

/// SplitMix64's finalizer (Steele, Lea, Flood): one to one, so that two offsets of a partition never share an id.
std::uint64_t mixed(std::uint64_t z) noexcept {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

}  // namespace

Observation observe(codec::ForeignEvent const& event, RawRecord const& record, RecordPlace const& place) {
    std::uint64_t const partition = digest(place.topic + '/' + std::to_string(place.partition));
    std::uint64_t const bits = mixed(partition ^ static_cast<std::uint64_t>(place.offset));
    std::uint64_t const few = partition << 1;  // the lowest bit tells the row from its point
    Observation observation;
    observation.raw_id = Uuid::v7(record.timestamp, few, bits);
    observation.provider = event.series.provider;
    observation.symbols.push_back(event.series.symbol);
    observation.answer.emplace();
    observation.answer->content_type = "application/json";
    observation.answer->body = record.value;
    observation.fetched_at = record.timestamp;
    observation.cause = FetchCause::foreign;
    Quote const quote(Uuid::v7(record.timestamp, few | 1u, bits), event.price, event.timestamp, TimeSource::quote);
    observation.results.emplace_back(event.series.symbol, quote);
    return observation;
}

}  // namespace mds
