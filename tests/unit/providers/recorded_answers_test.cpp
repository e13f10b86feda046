#include <support/catch.hpp>
#include <support/provider_samples.hpp>

#include <codec/provider_judge.hpp>

using namespace mds;
using namespace mds::codec;

namespace {

UtcTime const received = *parse_rfc3339("2026-01-02T03:04:05.678901Z");

std::vector<Symbol> symbols_of(test::Sample const& sample) {
    std::vector<Symbol> symbols;
    for (auto const& row : sample.rows) symbols.push_back(*Symbol::parse(row.symbol, SymbolCase::preserve));
    return symbols;
}

Judgement judge_sample(ProviderEntry const& entry, test::Sample const& sample) {
    return judge(entry, symbols_of(sample), {sample.status, "", sample.body, false}, received);
}

void check_row(Verdict const& verdict, test::ExpectedRow const& row) {
    if (auto const* reject = std::get_if<Reject>(&verdict)) {
        CAPTURE(reject->reason);
        CHECK(to_string(reject->outcome) == row.outcome);
        CHECK_FALSE(reject->reason.empty());
        return;
    }
    auto const& quote = std::get<JudgedQuote>(verdict);
    CHECK(row.outcome == "ok");
    CHECK(quote.price.to_string() == row.price);
    CHECK(format_rfc3339(quote.timestamp) == (row.timestamp == "-" ? format_rfc3339(received) : row.timestamp));
    CHECK(to_string(quote.time_source) == row.time_source);
    CHECK(quote.currency == row.currency);
    CHECK(quote.volume == row.volume);
}

void check_table(std::string const& table, Catalogue const& catalogue) {
    auto const samples = test::read_samples(table);
    REQUIRE_FALSE(samples.empty());
    for (auto const& sample : samples) {
        CAPTURE(sample.entry, sample.file);
        auto const judgement = judge_sample(test::entry_of(catalogue, sample.entry), sample);
        REQUIRE(judgement.verdicts.size() == sample.rows.size());
        for (std::size_t i = 0; i < sample.rows.size(); ++i) {
            CAPTURE(sample.rows[i].symbol);
            check_row(judgement.verdicts[i], sample.rows[i]);
        }
    }
}

/// The same entries without a single error rule.
void check_no_error_is_a_price(std::string const& table, Catalogue catalogue) {
    for (auto& entry : catalogue.providers) {
        entry.errors.clear();
        entry.row_errors.clear();
    }
    for (auto const& sample : test::read_samples(table)) {
        CAPTURE(sample.entry, sample.file);
        auto const judgement = judge_sample(test::entry_of(catalogue, sample.entry), sample);
        for (std::size_t i = 0; i < sample.rows.size(); ++i) {
            CHECK(std::holds_alternative<JudgedQuote>(judgement.verdicts[i]) == (sample.rows[i].outcome == "ok"));
        }
    }
}

}  // namespace

TEST_CASE("every recorded answer is read as what it is") { check_table("expected.tsv", test::shipped_catalogue()); }

TEST_CASE("no error body becomes a price even with all error rules removed") {
    check_no_error_is_a_price("expected.tsv", test::shipped_catalogue());
}

TEST_CASE("the language reads recorded answers of other shapes") {
    check_table("other_expected.tsv", test::shipped_catalogue({test::read_text(test::sample_path("other_providers.json"))}));
}

TEST_CASE("no error body of another shape becomes a price even with all error rules removed") {
    check_no_error_is_a_price("other_expected.tsv", test::shipped_catalogue({test::read_text(test::sample_path("other_providers.json"))}));
}
