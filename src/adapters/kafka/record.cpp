#include "adapters/kafka/record.hpp"

#include "codec/event_json.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace mds::kafka {
namespace {

/// An event of ours has seven at most.
constexpr std::size_t most_headers = 16;

std::string_view bytes(void const* data, std::size_t size) {
    return data == nullptr ? std::string_view() : std::string_view(static_cast<char const*>(data), size);
}

UtcTime time_of(rd_kafka_message_t const& message) {
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    std::int64_t const millis = rd_kafka_message_timestamp(&message, &type);
    if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && millis >= 0) return UtcTime(std::chrono::milliseconds(millis));
    return std::chrono::time_point_cast<UtcTime::duration>(std::chrono::system_clock::now());
}

/// nullptr: it has none.
rd_kafka_headers_t* headers_of(rd_kafka_message_t const& message) {
    rd_kafka_headers_t* headers = nullptr;
    return rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR ? headers : nullptr;
}

/// Calls `take` with name and value of each.
template <class Take>
void for_each(rd_kafka_headers_t const* headers, Take take) {
    char const* name = nullptr;
    void const* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
        take(std::string_view(name), bytes(value, size));
}

std::optional<PriceEvent> own_event(rd_kafka_message_t const& message, rd_kafka_headers_t const* headers) {
    if (headers == nullptr || rd_kafka_header_cnt(headers) > most_headers) return std::nullopt;
    std::array<std::pair<std::string_view, std::string_view>, most_headers> views;
    std::size_t count = 0;
    for_each(headers, [&](std::string_view name, std::string_view value) { views[count++] = {name, value}; });
    return codec::decode_own_event(bytes(message.payload, message.len), codec::EventHeaderViews(views.data(), count));
}

RawRecord raw_record(rd_kafka_message_t const& message, rd_kafka_headers_t const* headers) {
    RawRecord record;
    record.key = bytes(message.key, message.key_len);
    record.value = bytes(message.payload, message.len);
    record.timestamp = time_of(message);
    if (headers == nullptr) return record;
    record.headers.reserve(rd_kafka_header_cnt(headers));
    for_each(headers, [&](std::string_view name, std::string_view value) { record.headers.emplace_back(name, value); });
    return record;
}

}  // namespace

std::variant<PriceEvent, RawRecord> content_of(rd_kafka_message_t const& message) {
    auto const* const headers = headers_of(message);
    if (auto event = own_event(message, headers)) return *std::move(event);
    return raw_record(message, headers);
}

}  // namespace mds::kafka
