#pragma once
// Price events as a broker carries them: a JSON value of exactly five fields, and record headers for what only mds adds.

#include <mds/domain/event.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mds::codec {

using EventHeaders = std::vector<std::pair<std::string, std::string>>;
/// The same where somebody else holds them.
using EventHeaderViews = std::span<std::pair<std::string_view, std::string_view> const>;

/// Appends {"symbol","price","timestamp","source","raw_response_id"}; the price is a JSON number written from the exact decimal.
void append_event_value(std::string& out, PricePoint const& point);
/// event_id, seq, store_epoch, schema, fetched_at; also time_source where it is not `quote`, and currency where it is known.
EventHeaders event_headers(PriceEvent const& event);

/// An event that another program published: the plain fields, none of our headers. `raw_response_id` is that program's business.
struct ForeignEvent {
    Series series;
    Price price;
    UtcTime timestamp;
    bool rounded = false;  ///< the price had more than 18 decimals

    ForeignEvent(Series s, Price p, UtcTime quoted) : series(std::move(s)), price(p), timestamp(quoted) {}
};

/// Why a record can never be read. The texts of to_string() stand in the dead-letter table.
enum class EventFaultKind {
    not_json,  ///< not a JSON object, or over the limits
    missing_field,
    wrong_type,
    bad_symbol,
    bad_price,
    bad_timestamp,
    bad_source,
    bad_raw_id,
    bad_header,    ///< one of ours is missing or cannot be read, though others of ours are there
    newer_schema,  ///< written by a later version, for readers that know more
};

std::string_view to_string(EventFaultKind kind) noexcept;

struct EventFault {
    EventFaultKind kind;
    std::string message;  ///< one line for people

    EventFault(EventFaultKind k, std::string why) : kind(k), message(std::move(why)) {}
};

using DecodedEvent = std::variant<PriceEvent, ForeignEvent, EventFault>;

/// Reads a record. It is ours if it has a header "store_epoch". Fields beyond the five are ignored, as are other headers; a price
/// may be a number or a string. `fold` is for foreign symbols; ours are spelt right already.
DecodedEvent decode_event(std::string_view value, EventHeaders const& headers, SymbolCase fold = SymbolCase::upper);
/// The event, where decode_event() would say that the record is one of ours; nullopt: ask that what it is. The quick way for the
/// many: an event as append_event_value() and event_headers() write it needs no memory but for texts of more than 15 bytes.
std::optional<PriceEvent> decode_own_event(std::string_view value, EventHeaderViews headers);

}  // namespace mds::codec
