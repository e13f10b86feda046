// An answer of a provider, whatever its bytes: no crash, and no price from an error.
// Input: a line "PROVIDER STATUS SYMBOL[,SYMBOL...]", then the body.
#include <codec/csv_document.hpp>
#include <codec/provider_catalogue.hpp>
#include <codec/provider_judge.hpp>
#include <embedded/providers.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <numeric>
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

void require(bool condition) {
    if (!condition) std::abort();
}

/// What precedes `end`, which is taken from `text` with it.
std::string_view cut(std::string_view& text, char end) {
    auto const part = text.substr(0, text.find(end));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    return part;
}

struct Question {
    ProviderEntry const* entry = nullptr;
    int status = 200;
    std::vector<Symbol> symbols;
};

/// A name that nobody has stands for somebody all the same, so that hardly an input is in vain.
Question question_of(std::string_view line, Catalogue const& catalogue) {
    Question question;
    auto const name = cut(line, ' ');
    auto const& all = catalogue.providers;
    auto const named = std::ranges::find(all, name, &ProviderEntry::name);
    auto const sum = std::accumulate(name.begin(), name.end(), std::size_t{0},
                                     [](std::size_t so_far, char c) { return so_far + static_cast<unsigned char>(c); });
    question.entry = named == all.end() ? &all[sum % all.size()] : &*named;
    auto const status = cut(line, ' ');
    std::from_chars(status.data(), status.data() + status.size(), question.status);
    while (!line.empty() && question.symbols.size() < 4) {
        if (auto symbol = Symbol::parse(cut(line, ','), SymbolCase::preserve)) question.symbols.push_back(std::move(*symbol));
    }
    if (question.symbols.empty()) question.symbols.push_back(*Symbol::parse("BTC-USD"));
    return question;
}

/// Where each provider puts its errors: by eye from the recordings, not from the rules that are under test.
bool holds_an_error(std::string_view provider, Json const& json) {
    auto const is_text = [&](char const* pointer) {
        auto const* value = json.at(pointer);
        return value != nullptr && value->is_string();
    };
    auto const is_there = [&](char const* pointer) {
        auto const* value = json.at(pointer);
        return value != nullptr && !value->is_null();
    };
    auto const any = [](auto const& holds, std::initializer_list<char const*> pointers) {
        return std::ranges::any_of(pointers, holds);
    };
    if (provider == "yahoo") return any(is_there, {"/chart/error", "/spark/error", "/quoteResponse/error", "/finance/error"});
    if (provider == "alpha_vantage") return any(is_text, {"/Error Message", "/Information", "/Note"});
    if (provider == "finnhub" || provider == "polygon") return is_there("/error");
    if (provider == "twelve_data") return is_there("/code");
    if (provider == "tiingo") return is_text("/detail");
    if (provider == "alpaca" || provider == "frankfurter") return is_text("/message");
    if (provider == "coinbase") return is_text("/message") || is_there("/errors/0");
    if (provider == "coinbase_spot") return is_there("/errors/0");
    if (provider == "binance") return is_there("/code");
    if (provider == "kraken") return is_there("/error/0");
    return provider == "coingecko" && any(is_there, {"/error", "/status/error_code"});
}

/// Every number and text of an answer.
void collect(Json const& json, std::vector<std::string_view>& texts) {
    if (auto const text = scalar_text(json)) texts.push_back(*text);
    for (auto const& item : json.items()) collect(item, texts);
}

/// The answer has that price, as it is or in hundredths: nothing is made up.
bool is_given(Price const& price, Json const& json) {
    std::vector<std::string_view> texts;
    collect(json, texts);
    auto const hundredfold = Price::parse(price.to_string() + "e2").price;
    return std::ranges::any_of(texts, [&](std::string_view text) {
        auto const given = Price::parse(text).price;
        return given && (*given == price || given == hundredfold);
    });
}

void check_price(Question const& question, JudgedQuote const& quote, std::string_view body) {
    require(question.status >= 200 && question.status < 300);
    require(Price::parse(quote.price.to_string()).price == quote.price);
    JsonLimits limits;
    limits.max_bytes = body.size();
    auto const table = question.entry->csv_columns.empty() ? std::nullopt : parse_csv(body, question.entry->csv_columns);
    auto const json = table ? Result<Json>(*table) : Json::parse(body, limits);
    require(json && (table || question.entry->csv_columns.empty()));
    require(!holds_an_error(question.entry->name, *json));
    require(quote.rounded || is_given(quote.price, *json));
}

void check(Question const& question, std::span<Symbol const> symbols, std::string_view body) {
    auto const received = UtcTime(std::chrono::microseconds(1'700'000'000'000'000));
    auto const judgement = judge(*question.entry, symbols, {question.status, "", body, false}, received);
    require(judgement.verdicts.size() == symbols.size());
    for (auto const& verdict : judgement.verdicts) {
        if (auto const* quote = std::get_if<JudgedQuote>(&verdict)) {
            check_price(question, *quote, body);
        } else {
            auto const& reject = std::get<Reject>(verdict);
            require(reject.outcome != Outcome::ok && !reject.reason.empty());
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static Catalogue const catalogue = with_keys();
    std::string_view body(reinterpret_cast<char const*>(data), size);
    auto const question = question_of(cut(body, '\n'), catalogue);
    check(question, question.symbols, body);
    for (auto const& symbol : question.symbols) check(question, std::span(&symbol, 1), body);
    return 0;
}
