#pragma once
// A point as it lies under a key.
//
//   PREFIX:latest:PROVIDER:SYMBOL -> "1 EPOCH SEQ ID PRICE TIMESTAMP FETCHED_AT RAW_ID TIME_SOURCE PROVIDER SYMBOL CURRENCY;"
//
// Times are microseconds since 1970. The script that writes it reads the first three words; the leading 1 is the version of the
// form. A provider's name has no colon and no space, a symbol no space; the semicolon shows that nothing was cut off.

#include <mds/domain/observation.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mds::redis {

/// Longer values are none of ours; no more than this is ever asked for.
inline constexpr std::size_t max_entry_size = 1024;

struct Entry {
    PricePoint point;
    std::int64_t epoch = 0;  ///< of the store that gave the seq

    Entry(PricePoint p, std::int64_t e) : point(std::move(p)), epoch(e) {}
};

std::string key_of(std::string_view prefix, Series const& series);
std::string to_text(PricePoint const& point, std::int64_t epoch);
/// nullopt: nobody of ours wrote this for this series.
std::optional<Entry> parse_entry(std::string_view text, Series const& series);

}  // namespace mds::redis
