#include "support/catch.hpp"
#include "support/store_conformance.hpp"

namespace mds::test {

UtcTime at(std::int64_t seconds) {
    return UtcTime(std::chrono::seconds(1'700'000'000 + seconds));
}

Uuid uuid(std::uint64_t number) {
    Uuid id;
    for (std::size_t i = 0; i < 8; ++i) id.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    return id;
}

Symbol symbol(std::string const& text) {
    return Symbol::parse(text).value();
}
Series series(std::string const& text, std::string const& provider) {
    return Series(symbol(text), provider);
}

namespace {

Observation fetch(std::uint64_t number, std::int64_t fetched_at, std::string const& provider) {
    Observation fetched;
    fetched.raw_id = uuid(number * 1000);
    fetched.provider = provider;
    fetched.fetched_at = at(fetched_at);
    fetched.duration = std::chrono::milliseconds(12);
    return fetched;
}

}  // namespace

Observation observation(std::uint64_t number, std::vector<Quoted> const& quotes, std::int64_t fetched_at,
                        std::string const& provider) {
    Observation fetched = fetch(number, fetched_at, provider);
    fetched.answer.emplace();
    fetched.answer->body = "{\"number\":" + std::to_string(number) + "}";
    std::uint64_t next = number * 1000;
    for (Quoted const& quoted : quotes) {
        ++next;
        fetched.symbols.push_back(symbol(quoted.symbol));
        if (quoted.price.empty()) {
            fetched.results.emplace_back(symbol(quoted.symbol), Reject(Outcome::no_data, "no price"));
        } else {
            Quote const quote(uuid(next), Price::parse(quoted.price).price.value(), at(fetched_at - 1), TimeSource::quote);
            fetched.results.emplace_back(symbol(quoted.symbol), quote);
        }
    }
    return fetched;
}

Observation unanswered(std::uint64_t number, std::vector<std::string> const& symbols, std::int64_t fetched_at,
                       std::string const& provider) {
    Observation fetched = fetch(number, fetched_at, provider);
    for (std::string const& name : symbols) {
        fetched.symbols.push_back(symbol(name));
        fetched.results.emplace_back(symbol(name), Reject(Outcome::timeout, "no answer in time"));
    }
    return fetched;
}

Job job(std::string const& id, std::vector<std::string> const& symbols, std::int64_t created_at) {
    Job made;
    made.id = id;
    for (std::string const& name : symbols) made.config.symbols.push_back(symbol(name));
    made.config.providers = {"simulated"};
    made.created_at = made.active_since = at(created_at);
    return made;
}

std::vector<PricePoint> all_points(StoreUnderTest& store, Series const& of) {
    auto found = store.series_history().points(of, 1, 1'000'000'000);
    REQUIRE(found.has_value());
    return *found;
}

IngestReceipt ingest(StoreUnderTest& store, std::vector<Observation> const& batch) {
    auto receipt = store.ingest().commit(batch);
    if (!receipt) FAIL(receipt.error().message << ": " << receipt.error().detail);
    return *receipt;
}

}  // namespace mds::test
