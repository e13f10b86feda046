#include "codec/event_json.hpp"

#include "codec/event_fields.hpp"
#include "codec/json_text.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

namespace mds::codec {
namespace {

/// The headers that mean something here; of several with one name the first.
struct OwnHeaders {
    using Text = std::optional<std::string_view>;
    Text event_id, seq, store_epoch, schema, fetched_at, time_source, currency;

    explicit OwnHeaders(EventHeaderViews headers) noexcept;
};

struct KnownHeader {
    std::string_view name;
    OwnHeaders::Text OwnHeaders::*text;
};

constexpr std::array known_headers{
    KnownHeader{"event_id", &OwnHeaders::event_id},       KnownHeader{"seq", &OwnHeaders::seq},
    KnownHeader{"store_epoch", &OwnHeaders::store_epoch}, KnownHeader{"schema", &OwnHeaders::schema},
    KnownHeader{"fetched_at", &OwnHeaders::fetched_at},   KnownHeader{"time_source", &OwnHeaders::time_source},
    KnownHeader{"currency", &OwnHeaders::currency},
};

OwnHeaders::OwnHeaders(EventHeaderViews headers) noexcept {
    for (auto const& [name, value] : headers) {
        for (auto const& known : known_headers) {
            if (known.name != name) continue;
            if (auto& text = this->*known.text; !text) text = value;
            break;
        }
    }
}

/// Takes a record apart; the first fault ends it. Each step returns nothing once there is a fault.
class Decoder {
public:
    explicit Decoder(EventHeaderViews headers) noexcept : headers_(headers) {}

    bool ours() const noexcept { return headers_.store_epoch.has_value(); }
    EventFault const& fault() const noexcept { return *fault_; }

    /// Where the record is ours. nullopt: there is a fault.
    std::optional<PriceEvent> own(std::string_view value) {
        auto plain = plain_fields(value, SymbolCase::preserve);
        return plain ? own_of(std::move(plain->series), plain->price, plain->timestamp) : std::nullopt;
    }

    /// What any event has, and all that a foreign one has.
    std::optional<ForeignEvent> plain_fields(std::string_view value, SymbolCase fold) {
        if (!read(value)) return std::nullopt;
        auto symbol = read_symbol(fold);
        auto const price = read_price();
        auto const timestamp = read_timestamp();
        auto source = read_source();
        if (fault_) return std::nullopt;
        std::optional<ForeignEvent> event(std::in_place, Series(*std::move(symbol), *std::move(source)), *price->price, *timestamp);
        event->rounded = price->rounded;
        return event;
    }

private:
    /// As a message shows it.
    static std::string quoted(std::string_view text) { return "\"" + std::string(text.substr(0, 64)) + "\""; }

    std::nullopt_t fail(EventFaultKind kind, std::string why) {
        if (!fault_) fault_.emplace(kind, std::move(why));
        return std::nullopt;
    }

    bool read(std::string_view value) {
        JsonLimits limits;
        limits.max_depth = 8;
        limits.max_values = 1000;
        if (auto const plain = plain_event_fields(value); plain && value.size() <= limits.max_bytes) {
            fields_ = *plain;
            return true;
        }
        auto parsed = Json::parse(value, limits);
        if (!parsed) {
            fail(EventFaultKind::not_json, parsed.error().message);
            return false;
        }
        body_ = std::move(*parsed);
        if (!body_.is_object()) {
            fail(EventFaultKind::not_json, "the value is no JSON object");
            return false;
        }
        fields_ = event_fields(body_);
        return true;
    }

    std::optional<std::string_view> text_of(EventFields::Field const& field, std::string_view name, bool number_too = false) {
        if (!field.there) return fail(EventFaultKind::missing_field, "no field \"" + std::string(name) + "\"");
        if (field.kind == Json::Kind::string || (number_too && field.kind == Json::Kind::number)) return field.text;
        return fail(EventFaultKind::wrong_type,
                    "field \"" + std::string(name) + "\" is of type " + std::string(to_string(field.kind)));
    }

    std::optional<Symbol> read_symbol(SymbolCase fold) {
        auto const text = text_of(fields_.symbol, "symbol");
        if (!text) return std::nullopt;
        auto symbol = Symbol::parse(*text, fold);
        if (!symbol) return fail(EventFaultKind::bad_symbol, "not a symbol: " + quoted(*text));
        return symbol;
    }

    std::optional<Price::Parsed> read_price() {
        auto const text = text_of(fields_.price, "price", true);
        if (!text) return std::nullopt;
        auto const parsed = Price::parse(*text);
        if (!parsed.price) return fail(EventFaultKind::bad_price, "not a price: " + quoted(*text));
        return parsed;
    }

    std::optional<UtcTime> read_timestamp() {
        auto const text = text_of(fields_.timestamp, "timestamp");
        if (!text) return std::nullopt;
        auto const time = parse_rfc3339(*text);
        if (!time) return fail(EventFaultKind::bad_timestamp, "not an RFC 3339 time: " + quoted(*text));
        return time;
    }

    std::optional<std::string> read_source() {
        auto const text = text_of(fields_.source, "source");
        if (!text) return std::nullopt;
        if (!is_provider_name(*text)) return fail(EventFaultKind::bad_source, "not a provider's name: " + quoted(*text));
        return std::string(*text);
    }

    std::optional<Uuid> read_raw_id() {
        auto const text = text_of(fields_.raw_id, "raw_response_id");
        if (!text) return std::nullopt;
        auto const id = Uuid::parse(*text);
        if (!id) return fail(EventFaultKind::bad_raw_id, "field \"raw_response_id\" is no UUID");
        return id;
    }

    /// A header of ours read by `parse`, which gives an optional.
    template <class Parse>
    auto read_header(OwnHeaders::Text const& text, std::string_view name, Parse parse) -> decltype(parse(std::string_view())) {
        if (!text) return fail(EventFaultKind::bad_header, "no header \"" + std::string(name) + "\"");
        auto value = parse(*text);
        if (!value) return fail(EventFaultKind::bad_header, "cannot read header \"" + std::string(name) + "\"");
        return value;
    }

    static std::optional<std::int64_t> integer(std::string_view text) {
        std::int64_t value = 0;
        auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (ec != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
        return value;
    }

    std::optional<PriceEvent> own_of(Series series, Price price, UtcTime timestamp) {
        auto const schema = read_header(headers_.schema, "schema", integer);
        if (schema && *schema > event_schema_version) fail(EventFaultKind::newer_schema, "schema " + std::to_string(*schema));
        auto const id = read_header(headers_.event_id, "event_id", Uuid::parse);
        auto const seq = read_header(headers_.seq, "seq", integer);
        auto const epoch = read_header(headers_.store_epoch, "store_epoch", integer);
        auto const fetched_at = read_header(headers_.fetched_at, "fetched_at", parse_rfc3339);
        auto const raw_id = read_raw_id();
        if (seq && *seq < 1) fail(EventFaultKind::bad_header, "header \"seq\" counts from 1");
        std::optional<TimeSource> time_source = TimeSource::quote;
        if (headers_.time_source) time_source = read_header(headers_.time_source, "time_source", parse_time_source);
        if (fault_) return std::nullopt;
        PricePoint point(*id, std::move(series), *seq, price, timestamp, *fetched_at, *raw_id);
        point.time_source = *time_source;
        if (headers_.currency) point.currency = *headers_.currency;
        return std::optional<PriceEvent>(std::in_place, std::move(point), *epoch);
    }

    OwnHeaders headers_;
    Json body_;           ///< where the value had to be parsed
    EventFields fields_;  ///< refer to it, or to the value itself
    std::optional<EventFault> fault_;
};

}  // namespace

void append_event_value(std::string& out, PricePoint const& point) {
    out += R"({"symbol":)";
    append_json_string(out, point.series.symbol.str());
    out += R"(,"price":)";
    point.price.append_to(out);
    out += R"(,"timestamp":")";
    append_rfc3339(out, point.timestamp);
    out += R"(","source":)";
    append_json_string(out, point.series.provider);
    out += R"(,"raw_response_id":")";
    out += point.raw_id.to_string();
    out += R"("})";
}

EventHeaders event_headers(PriceEvent const& event) {
    PricePoint const& point = event.point;
    EventHeaders headers;
    headers.reserve(7);
    headers.emplace_back("event_id", point.id.to_string());
    headers.emplace_back("seq", std::to_string(point.seq));
    headers.emplace_back("store_epoch", std::to_string(event.store_epoch));
    headers.emplace_back("schema", std::to_string(event_schema_version));
    headers.emplace_back("fetched_at", format_rfc3339(point.fetched_at));
    if (point.time_source != TimeSource::quote) headers.emplace_back("time_source", to_string(point.time_source));
    if (!point.currency.empty()) headers.emplace_back("currency", point.currency);
    return headers;
}

std::string_view to_string(EventFaultKind kind) noexcept {
    switch (kind) {
        case EventFaultKind::not_json: return "not_json";
        case EventFaultKind::missing_field: return "missing_field";
        case EventFaultKind::wrong_type: return "wrong_type";
        case EventFaultKind::bad_symbol: return "bad_symbol";
        case EventFaultKind::bad_price: return "bad_price";
        case EventFaultKind::bad_timestamp: return "bad_timestamp";
        case EventFaultKind::bad_source: return "bad_source";
        case EventFaultKind::bad_raw_id: return "bad_raw_id";
        case EventFaultKind::bad_header: return "bad_header";
        case EventFaultKind::newer_schema: return "newer_schema";
    }
    return "not_json";
}

DecodedEvent decode_event(std::string_view value, EventHeaders const& headers, SymbolCase fold) {
    std::vector<std::pair<std::string_view, std::string_view>> const views(headers.begin(), headers.end());
    Decoder decoder(views);
    if (decoder.ours()) {
        if (auto event = decoder.own(value)) return *std::move(event);
    } else if (auto event = decoder.plain_fields(value, fold)) {
        return *std::move(event);
    }
    return decoder.fault();
}

std::optional<PriceEvent> decode_own_event(std::string_view value, EventHeaderViews headers) {
    Decoder decoder(headers);
    return decoder.ours() ? decoder.own(value) : std::nullopt;
}

}  // namespace mds::codec
