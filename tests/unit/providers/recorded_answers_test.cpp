#include <support/catch.hpp>
#include <support/provider_fixture.hpp>
#include <support/stub_server.hpp>

#include <codec/provider_judge.hpp>

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>

using namespace mds;

namespace {

std::string const further = test::read_text(test::sample_path("further.json"));

std::vector<std::string> names_in(test::Sample const& sample) {
    std::vector<std::string> names;
    for (auto const& row : sample.rows) names.push_back(row.symbol);
    return names;
}

std::string content_type_of(std::string const& file) {
    if (file.ends_with(".json")) return "application/json";
    if (file.ends_with(".html")) return "text/html; charset=utf-8";
    return file.ends_with(".csv") ? "text/csv" : "text/plain; charset=utf-8";
}

/// One server that gives whatever recording is set, and all providers asking it.
class Recordings {
public:
    explicit Recordings(std::string const& changes = "{}")
        : server_([this](test::StubRequest const&) { return test::reply(sample_->status, sample_->body, {"Content-Type: " + content_type_of(sample_->file)}); }),
          fixture_({further, changes, everywhere(server_.url())}) {}

    /// As if that answer had come from the provider.
    FetchAnswer answer(test::Sample const& sample) {
        sample_ = &sample;
        fixture_.clock.moved += std::chrono::minutes(10);  // so that no answer is refused for what the one before it said
        return fixture_.fetch(sample.provider, names_in(sample));
    }

    /// A catalogue text that sends every provider there.
    static std::string everywhere(std::string const& url) {
        std::string text = R"({"providers": {)";
        for (auto const& entry : test::shipped_catalogue({further}).providers) {
            text += (text.back() == '{' ? "\"" : ", \"") + entry.name + R"(": {"base_url": ")" + url + "\"}";
        }
        return text + "}}";
    }

private:
    test::Sample const* sample_ = nullptr;
    test::StubServer server_;
    test::ProviderFixture fixture_;
};

void check_row(SymbolResult const& result, test::ExpectedRow const& row, UtcTime received) {
    CAPTURE(row.symbol);
    CHECK(result.symbol.str() == row.symbol);
    if (auto const* reject = result.reject()) {
        CAPTURE(reject->reason);
        CHECK(to_string(reject->outcome) == row.outcome);
        CHECK_FALSE(reject->reason.empty());
        return;
    }
    auto const& quote = *result.quote();
    CHECK(row.outcome == "ok");
    CHECK(quote.price.to_string() == row.price);
    CHECK(format_rfc3339(quote.timestamp) == (row.timestamp == "-" ? format_rfc3339(received) : row.timestamp));
    CHECK(to_string(quote.time_source) == row.time_source);
    CHECK(quote.currency == row.currency);
    CHECK(quote.volume == row.volume);
}

/// Every rule that knows an error removed.
std::string without_rules() {
    std::string text = R"({"providers": {)";
    for (auto const& entry : test::shipped_catalogue({further}).providers) {
        text += (text.back() == '{' ? "\"" : ", \"") + entry.name + R"(": {"errors": null, "row_errors": null})";
    }
    return text + "}}";
}

}  // namespace

TEST_CASE("every recorded answer is read as what it is") {
    Recordings recordings;
    auto const samples = test::read_samples("expected.tsv");
    REQUIRE(samples.size() > 100);
    for (auto const& sample : samples) {
        CAPTURE(sample.provider, sample.file);
        auto const answer = recordings.answer(sample);
        REQUIRE(answer.answer);
        CHECK(answer.answer->http_status == sample.status);
        CHECK(answer.answer->body == sample.body);
        REQUIRE(answer.results.size() == sample.rows.size());
        for (std::size_t i = 0; i < sample.rows.size(); ++i) check_row(answer.results[i], sample.rows[i], answer.fetched_at);
    }
}

TEST_CASE("every recording is expected to be something") {
    std::set<std::string> files;
    for (auto const& sample : test::read_samples("expected.tsv")) files.insert(sample.file);
    for (auto const& file : test::all_samples()) {
        CAPTURE(file);
        CHECK(files.contains(file));
    }
}

TEST_CASE("no error body becomes a price even with all error rules removed") {
    Recordings recordings(without_rules());
    for (auto const& sample : test::read_samples("expected.tsv")) {
        CAPTURE(sample.provider, sample.file);
        auto const answer = recordings.answer(sample);
        for (std::size_t i = 0; i < sample.rows.size(); ++i) {
            CHECK((answer.results[i].quote() != nullptr) == (sample.rows[i].outcome == "ok"));
        }
    }
}

TEST_CASE("no error body becomes a price with all error rules removed, whoever is asked and even as a success") {
    auto const catalogue = test::shipped_catalogue({further, without_rules()});
    auto const received = *parse_rfc3339("2026-01-02T03:04:05Z");
    std::size_t errors = 0;
    for (auto const& sample : test::read_samples("expected.tsv")) {
        if (std::ranges::count(sample.rows, "ok", &test::ExpectedRow::outcome) > 0) continue;
        ++errors;
        auto const type = content_type_of(sample.file);
        for (auto const& entry : catalogue.providers) {
            for (int const status : {sample.status, 200}) {
                auto const symbol = *Symbol::parse(sample.rows.front().symbol, SymbolCase::preserve);
                codec::ProviderAnswer const answer{status, type, sample.body, false};
                auto const judgement = codec::judge(entry, std::span(&symbol, 1), answer, received);
                CAPTURE(sample.file, entry.name, status);
                CHECK(std::holds_alternative<Reject>(judgement.verdicts.at(0)));
            }
        }
    }
    CHECK(errors >= 49);
}

TEST_CASE("no provider is named in the code") {
    std::set<std::string> names;
    for (auto const& entry : test::shipped_catalogue().providers) {
        names.insert(entry.name);
        names.insert(entry.aliases.begin(), entry.aliases.end());
    }
    std::string all;
    for (auto const& name : names) all += (all.empty() ? "" : "|") + std::regex_replace(name, std::regex("_"), "[ _-]?");
    std::regex const quoted("\"[^\"]*\\b(" + all + ")\\b[^\"]*\"", std::regex::icase);
    for (auto const& file : test::sources()) {
        std::istringstream lines(test::read_text(file));
        for (std::string line; std::getline(lines, line);) {
            if (line.find("//") != std::string::npos) line.resize(line.find("//"));
            CAPTURE(file, line);
            CHECK_FALSE(std::regex_search(line, quoted));
        }
    }
}
