#include "app/catalogue.hpp"

#include "support/catch.hpp"

#include <algorithm>

using namespace mds::app;

namespace {

LoadedCatalogue with(std::vector<ConfigSources::Flag> flags, Environment const& environment = {}) {
    ConfigSources sources;
    sources.flags = std::move(flags);
    auto const loaded = load_config(sources);
    REQUIRE(loaded.errors.empty());
    return load_catalogue(loaded, environment);
}

std::vector<std::string> errors_of(LoadedCatalogue const& loaded) {
    std::vector<std::string> texts;
    for (auto const& error : loaded.errors) texts.push_back(to_string(error));
    return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("without configuration the catalogue is the one that ships") {
    auto const loaded = with({});
    CHECK(errors_of(loaded) == Texts{});
    CHECK(loaded.catalogue.providers.size() > 2);
}

TEST_CASE("provider names that the catalogue does not have are refused together, with the nearest") {
    auto const loaded = with({{"providers.default", "simulatd", "flag one"},
                              {"providers.failover", "finhub,simulated", "flag two"},
                              {"jobs", R"([{"name":"a","symbols":["X"],"interval":1,"provider":["nobody"]}])", "flag three"},
                              {"providers.override.simulated.base_url", "http://127.0.0.1:1", "flag four"}});
    CHECK(errors_of(loaded) ==
          Texts{"providers.override: names no known provider: \"simulated\" (flag four)",
                "providers.default: names no known provider: \"simulatd\" (did you mean \"simulated\"?) (flag one)",
                "providers.failover: names no known provider: \"finhub\" (did you mean \"finnhub\"?) (flag two)",
                "jobs[0].provider: names no known provider: \"nobody\" (flag three)"});
}

TEST_CASE("an override sends one provider elsewhere and changes nothing else") {
    auto const plain = with({});
    auto const loaded = with({{"providers.override.finnhub.base_url", "http://127.0.0.1:1234", "flag"}});
    REQUIRE(errors_of(loaded) == Texts{});
    REQUIRE(loaded.catalogue.providers.size() == plain.catalogue.providers.size());
    auto const finnhub = std::ranges::find(loaded.catalogue.providers, "finnhub", &mds::codec::ProviderEntry::name);
    REQUIRE(finnhub != loaded.catalogue.providers.end());
    CHECK(finnhub->base_url == "http://127.0.0.1:1234");
    CHECK_FALSE(finnhub->secrets.empty());
}

TEST_CASE("keys of providers come from the environment") {
    auto const key_of = [](LoadedCatalogue const& loaded) {
        auto const found = std::ranges::find(loaded.catalogue.providers, "finnhub", &mds::codec::ProviderEntry::name);
        REQUIRE(found != loaded.catalogue.providers.end());
        return found->missing_secret();
    };
    auto const variable = key_of(with({}));
    CHECK_FALSE(variable.empty());
    CHECK(key_of(with({}, {{variable, "k"}})).empty());
}

TEST_CASE("a catalogue file that cannot be read is an error of its key") {
    CHECK(errors_of(with({{"providers.files", "/nowhere/a.json", "flag"}})) ==
          Texts{"providers.files: /nowhere/a.json cannot be read (flag)"});
}
