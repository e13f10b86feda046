#include "support/catch.hpp"

#include "codec/event_json.hpp"

#include <string>

using namespace mds;
using codec::decode_event;
using codec::EventFault;
using codec::EventHeaders;
using codec::ForeignEvent;

namespace {

PriceEvent sample_event() {
    PricePoint point(*Uuid::parse("018e5b1c-0000-7000-8000-000000000001"), Series(*Symbol::parse("AAPL"), "alpha_vantage"), 7,
                     *Price::parse("150.25").price, *parse_rfc3339("2024-03-20T10:30:00Z"),
                     *parse_rfc3339("2024-03-20T10:30:01.5Z"), *Uuid::parse("018e5b1c-0000-7000-8000-000000000002"));
    return PriceEvent(point, 3);
}

std::string value_of(PriceEvent const& event) {
    std::string value;
    codec::append_event_value(value, event.point);
    return value;
}

std::string plain(std::string const& price) {
    return R"({"symbol":"btc-usd","price":)" + price +
           R"(,"timestamp":"2024-03-20T10:30:00Z","source":"coinbase","raw_response_id":"x"})";
}

std::string fault_of(std::string const& value, EventHeaders const& headers = {}) {
    auto const decoded = decode_event(value, headers);
    INFO(value);
    REQUIRE(std::holds_alternative<EventFault>(decoded));
    auto const& fault = std::get<EventFault>(decoded);
    CHECK_FALSE(fault.message.empty());
    return std::string(to_string(fault.kind));
}

EventHeaders without(EventHeaders headers, std::string const& name) {
    std::erase_if(headers, [&](auto const& header) { return header.first == name; });
    return headers;
}

EventHeaders with(EventHeaders headers, std::string const& name, std::string const& value) {
    headers = without(std::move(headers), name);
    headers.emplace_back(name, value);
    return headers;
}

}  // namespace

TEST_CASE("an event's value has exactly the five known fields") {
    CHECK(value_of(sample_event()) ==
          R"({"symbol":"AAPL","price":150.25,"timestamp":"2024-03-20T10:30:00Z","source":"alpha_vantage",)"
          R"("raw_response_id":"018e5b1c-0000-7000-8000-000000000002"})");
    EventHeaders const expected{{"event_id", "018e5b1c-0000-7000-8000-000000000001"},
                                {"seq", "7"},
                                {"store_epoch", "3"},
                                {"schema", "1"},
                                {"fetched_at", "2024-03-20T10:30:01.5Z"}};
    CHECK(codec::event_headers(sample_event()) == expected);
}

TEST_CASE("an event of ours is read back as it was") {
    auto event = sample_event();
    for (bool const more : {false, true}) {
        if (more) {
            event.point.currency = "USD";
            event.point.time_source = TimeSource::date;
            event.point.series.symbol = *Symbol::parse("brk.b", SymbolCase::preserve);
        }
        auto const decoded = decode_event(value_of(event), codec::event_headers(event));
        REQUIRE(std::holds_alternative<PriceEvent>(decoded));
        auto const& read = std::get<PriceEvent>(decoded);
        CHECK(read.store_epoch == event.store_epoch);
        CHECK(read.point.id == event.point.id);
        CHECK(read.point.series == event.point.series);
        CHECK(read.point.seq == event.point.seq);
        CHECK(read.point.price == event.point.price);
        CHECK(read.point.timestamp == event.point.timestamp);
        CHECK(read.point.fetched_at == event.point.fetched_at);
        CHECK(read.point.raw_id == event.point.raw_id);
        CHECK(read.point.time_source == event.point.time_source);
        CHECK(read.point.currency == event.point.currency);
    }
}

TEST_CASE("a value as we write it is read as the parser reads it") {
    auto const read = [](std::string const& value) { return decode_event(value, codec::event_headers(sample_event())); };
    std::string const written = value_of(sample_event());
    std::string blank = written;
    blank.insert(1, " ");  // no longer as we write it
    auto const plain = read(written);
    auto const parsed = read(blank);
    REQUIRE(std::holds_alternative<PriceEvent>(plain));
    REQUIRE(std::holds_alternative<PriceEvent>(parsed));
    CHECK(std::get<PriceEvent>(plain).point.series == std::get<PriceEvent>(parsed).point.series);
    CHECK(std::get<PriceEvent>(plain).point.price == std::get<PriceEvent>(parsed).point.price);
    CHECK(std::get<PriceEvent>(plain).point.timestamp == std::get<PriceEvent>(parsed).point.timestamp);
    CHECK(std::get<PriceEvent>(plain).point.raw_id == std::get<PriceEvent>(parsed).point.raw_id);
}

TEST_CASE("what is nearly a value as we write it is judged as any other") {
    auto const headers = codec::event_headers(sample_event());
    std::string const written = value_of(sample_event());
    for (std::size_t size = 0; size < written.size(); ++size) {
        INFO(size);
        CHECK(fault_of(written.substr(0, size), headers) == "not_json");
    }
    auto const with_price = [&](std::string const& price) {
        std::string value = written;
        return value.replace(value.find("150.25"), 6, price);
    };
    for (std::string const price : {"0150.25", "150.", ".5", "+1", "1.5.2", "1e", "15 0"})
        CHECK(fault_of(with_price(price), headers) == "not_json");
    for (std::string const price : {"150.25", "1", "0.5", "1.5e2", "\"150.25\""})
        CHECK(std::holds_alternative<PriceEvent>(decode_event(with_price(price), headers)));
    CHECK(fault_of(with_price("0"), headers) == "bad_price");
    CHECK(fault_of(written + "x", headers) == "not_json");
    std::string raw = written;
    raw.insert(raw.find("AAPL"), 1, '\x80');
    CHECK(fault_of(raw, headers) == "not_json");
    std::string escaped = written;
    escaped.replace(escaped.find("AAPL"), 4, "\\u0041APL");
    CHECK(std::holds_alternative<PriceEvent>(decode_event(escaped, headers)));
    std::string twice = written;
    twice.insert(twice.size() - 1, R"(,"symbol":"MSFT")");
    CHECK(std::get<PriceEvent>(decode_event(twice, headers)).point.series.symbol.str() == "MSFT");
}

TEST_CASE("a foreign event's price may be a number or a string, and stays exact") {
    for (std::string const price : {"67890.123456789012345678", "\"67890.123456789012345678\"", "6.7890123456789012345678e4"}) {
        auto const decoded = decode_event(plain(price), {{"traceparent", "00-x"}});
        REQUIRE(std::holds_alternative<ForeignEvent>(decoded));
        auto const& event = std::get<ForeignEvent>(decoded);
        CHECK(event.series == Series(*Symbol::parse("BTC-USD"), "coinbase"));
        CHECK(event.price.to_string() == "67890.123456789012345678");
        CHECK(event.timestamp == *parse_rfc3339("2024-03-20T10:30:00Z"));
        CHECK_FALSE(event.rounded);
    }
    CHECK(std::get<ForeignEvent>(decode_event(plain("0.1234567890123456789"), {})).rounded);
    auto const kept = decode_event(plain("1"), {}, SymbolCase::preserve);
    CHECK(std::get<ForeignEvent>(kept).series.symbol.str() == "btc-usd");
}

TEST_CASE("a foreign event may have further fields and lack the raw id") {
    CHECK(std::holds_alternative<ForeignEvent>(
        decode_event(R"({"symbol":"A","price":1,"timestamp":"2024-03-20T10:30:00+01:00","source":"x","volume":[1,{"a":2}]})", {})));
}

TEST_CASE("a record that cannot be read says which class of fault it has") {
    for (std::string const text : {"", "{", "[]", "null", "\xff", "{} {}"}) CHECK(fault_of(text) == "not_json");
    CHECK(fault_of(std::string(70'000, ' ') + plain("1")) == "not_json");
    CHECK(fault_of(R"({"price":1,"timestamp":"2024-03-20T10:30:00Z","source":"x"})") == "missing_field");
    CHECK(fault_of(R"({"symbol":1,"price":1,"timestamp":"2024-03-20T10:30:00Z","source":"x"})") == "wrong_type");
    CHECK(fault_of(plain("null")) == "wrong_type");
    CHECK(fault_of(plain("[1]")) == "wrong_type");
    for (std::string const price : {"0", "-1", "1e400", "1e-400", "\"NaN\"", "\"\"", "\"1,5\""})
        CHECK(fault_of(plain(price)) == "bad_price");
    CHECK(fault_of(R"({"symbol":"A B","price":1,"timestamp":"2024-03-20T10:30:00Z","source":"x"})") == "bad_symbol");
    CHECK(fault_of(R"({"symbol":"A","price":1,"timestamp":"2024-03-20T10:30:00","source":"x"})") == "bad_timestamp");
    CHECK(fault_of(R"({"symbol":"A","price":1,"timestamp":"2024-03-20T10:30:00Z","source":"X Y"})") == "bad_source");
}

TEST_CASE("an event of ours with a broken header is a fault, never taken for a foreign one") {
    auto const value = value_of(sample_event());
    auto const headers = codec::event_headers(sample_event());
    for (std::string const name : {"event_id", "seq", "schema", "fetched_at"}) {
        CHECK(fault_of(value, without(headers, name)) == "bad_header");
        CHECK(fault_of(value, with(headers, name, "x")) == "bad_header");
    }
    CHECK(fault_of(value, with(headers, "store_epoch", "")) == "bad_header");
    CHECK(fault_of(value, with(headers, "seq", "0")) == "bad_header");
    CHECK(fault_of(value, with(headers, "time_source", "never")) == "bad_header");
    CHECK(fault_of(value, with(headers, "schema", "2")) == "newer_schema");
    CHECK(fault_of(plain("1"), headers) == "bad_raw_id");
}
