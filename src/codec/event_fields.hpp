#pragma once

#include "codec/json_document.hpp"

#include <optional>
#include <string_view>

namespace mds::codec {

/// The five fields of an event's value, before anybody judged them. Refers to what it was read from.
struct EventFields {
    struct Field {
        Json::Kind kind = Json::Kind::null;
        std::string_view text;  ///< of a number or string
        bool there = false;
    };

    Field symbol, price, timestamp, source, raw_id;
};

/// Of any JSON object.
EventFields event_fields(Json const& object);
/// Of a text as append_event_value() writes it: its fields in its order, no blanks, no escapes. Nearly every event is one, and
/// needs no parser and no memory. nullopt where the text looks different in any way, valid or not: then the parser is asked.
std::optional<EventFields> plain_event_fields(std::string_view text) noexcept;

}  // namespace mds::codec
