// A record from the bus. First byte: which headers come with it; the rest is the value.
#include "codec/event_json.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace mds;

void require(bool holds) {
    if (!holds) std::abort();
}

codec::EventHeaders headers_for(std::uint8_t choice) {
    codec::EventHeaders headers;
    if ((choice & 1) != 0) headers.emplace_back("store_epoch", "3");
    if ((choice & 2) != 0) headers.emplace_back("event_id", "018e5b1c-0000-7000-8000-000000000001");
    if ((choice & 4) != 0) headers.emplace_back("seq", "9223372036854775807");
    if ((choice & 8) != 0) headers.emplace_back("schema", "1");
    if ((choice & 16) != 0) headers.emplace_back("fetched_at", "2024-03-20T10:30:01.5Z");
    if ((choice & 32) != 0) headers.emplace_back("time_source", "receive");
    if ((choice & 64) != 0) headers.emplace_back("currency", "USD");
    return headers;
}

bool same(PriceEvent const& a, PriceEvent const& b) {
    PricePoint const& x = a.point;
    PricePoint const& y = b.point;
    return a.store_epoch == b.store_epoch && x.id == y.id && x.series == y.series && x.seq == y.seq && x.price == y.price &&
           x.timestamp == y.timestamp && x.fetched_at == y.fetched_at && x.raw_id == y.raw_id && x.time_source == y.time_source &&
           x.currency == y.currency;
}

/// What was understood can be written, and is understood the same way again.
void check(PriceEvent const& event) {
    std::string value;
    codec::append_event_value(value, event.point);
    auto const again = codec::decode_event(value, codec::event_headers(event));
    auto const* const decoded = std::get_if<PriceEvent>(&again);
    require(decoded != nullptr && same(*decoded, event));
}

void check(codec::ForeignEvent const& event) {
    PricePoint const point(Uuid{}, event.series, 1, event.price, event.timestamp, event.timestamp, Uuid{});
    check(PriceEvent(point, 0));
    auto const printed = Price::parse(event.price.to_string());
    require(printed.price == event.price && !printed.rounded);
}

void check(codec::EventFault const& fault) {
    require(!fault.message.empty() && !to_string(fault.kind).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view input(reinterpret_cast<char const*>(data), size);
    std::uint8_t const choice = size == 0 ? std::uint8_t{0} : data[0];
    input.remove_prefix(size == 0 ? 0 : 1);
    std::visit([](auto const& decoded) { check(decoded); }, codec::decode_event(input, headers_for(choice)));
    return 0;
}
