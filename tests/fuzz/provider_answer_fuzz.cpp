// An answer of a provider, whatever its bytes: no crash, and no price from an error.
// Input: one byte for the provider, one for the status, then the body.
#include <codec/provider_catalogue.hpp>
#include <codec/provider_judge.hpp>
#include <embedded/providers.hpp>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace mds;
using namespace mds::codec;

namespace {

Catalogue with_keys() {
    std::vector<CatalogueText> const texts{{"providers.json", std::string(embedded::providers.front().second)}};
    auto catalogue = read_catalogue(texts, [](std::string const&) { return std::optional<std::string>("key"); });
    if (catalogue.has_error()) std::abort();
    return std::move(*catalogue);
}

/// Where each provider puts its errors: by eye from the recordings, not from the rules that are under test.
bool looks_like_an_error(std::string_view provider, std::string_view body) {
    JsonLimits limits;
    limits.max_bytes = body.size();
    auto const json = Json::parse(body, limits);
    if (!json) return provider != "ecb";  // a table
    auto const has_text = [&](char const* key) {
        auto const* value = json->find(key);
        return value != nullptr && value->is_string();
    };
    if (provider == "coinbase") return has_text("message");
    if (provider == "finnhub") return has_text("error");
    if (provider == "alpha_vantage") return has_text("Error Message") || has_text("Information") || has_text("Note");
    if (provider == "polygon") return json->at("/status") != nullptr && json->at("/status")->text() == "ERROR";
    if (provider == "tiingo") return has_text("detail");
    if (provider == "frankfurter") return has_text("message");
    if (provider == "kraken") return json->at("/error/0") != nullptr;
    if (provider == "twelve_data") return json->at("/code") != nullptr && !json->at("/code")->is_null();
    auto const* errors = json->find("errors");
    return errors != nullptr && errors->is_array() && !errors->items().empty();
}

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static Catalogue const catalogue = with_keys();
    static std::array<Symbol, 2> const symbols{*Symbol::parse("BTC-USD"), *Symbol::parse("AAPL")};
    constexpr std::array statuses{200, 400, 401, 403, 404, 429, 500, 301};
    if (size < 2) return 0;
    auto const& entry = catalogue.providers[data[0] % catalogue.providers.size()];
    int const status = statuses[data[1] % statuses.size()];
    std::string_view const body(reinterpret_cast<char const*>(data) + 2, size - 2);
    auto const received = UtcTime(std::chrono::microseconds(1'700'000'000'000'000));

    for (auto const& symbol : symbols) {
        auto const judgement = judge(entry, std::span(&symbol, 1), {status, "", body, false}, received);
        require(judgement.verdicts.size() == 1);
        if (auto const* quote = std::get_if<JudgedQuote>(&judgement.verdicts[0])) {
            require(status == 200 && !looks_like_an_error(entry.name, body));
            require(Price::parse(quote->price.to_string()).price == quote->price);
        } else {
            auto const& reject = std::get<Reject>(judgement.verdicts[0]);
            require(reject.outcome != Outcome::ok && !reject.reason.empty());
        }
    }
    require(judge(entry, symbols, {status, "", body, false}, received).verdicts.size() == symbols.size());
    return 0;
}
