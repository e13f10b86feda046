#include "app/config_load.hpp"
#include "app/config_schema.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

using namespace mds::app;

namespace {

std::string content_of(std::string const& path) {
    std::ifstream file(std::string(MDS_SOURCE_DIR "/") + path);
    REQUIRE(file.good());
    return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

TEST_CASE("docs/configuration.md has every key with its type, default and meaning, and no other") {
    std::vector<std::string> documented;
    std::istringstream lines(content_of("docs/configuration.md"));
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("| `")) documented.push_back(line);
    }
    std::vector<std::string> defined;
    for (auto const& key : config_reference()) defined.push_back(to_table_row(key));
    for (auto const& row : defined) {
        INFO("run `mds config-reference` and bring docs/configuration.md up to date: " << row);
        CHECK(std::ranges::find(documented, row) != documented.end());
    }
    for (auto const& row : documented) {
        INFO("documented, but no key: " << row);
        CHECK(std::ranges::find(defined, row) != defined.end());
    }
}

TEST_CASE("every default in the reference is itself a valid value") {
    ConfigSources sources;
    for (auto const& key : config_reference()) {
        bool const of_an_entry = key.path.find("[]") != std::string::npos || key.path.find("NAME") != std::string::npos;
        if (!of_an_entry) sources.flags.push_back({key.path, std::string(key.default_value), key.path});
    }
    std::string all;
    for (auto& flag : sources.flags) {
        if (flag.value.starts_with('"')) flag.value = flag.value.substr(1, flag.value.size() - 2);
    }
    for (auto const& error : load_config(sources).errors) all += to_string(error) + "\n";
    CHECK(all.empty());
}

TEST_CASE("the configuration that ships is valid and polls six simulated symbols every second") {
    ConfigSources sources;
    sources.file = ConfigSources::File{"config/standalone.json", content_of("config/standalone.json")};
    auto const loaded = load_config(sources);
    CHECK(loaded.errors.empty());
    REQUIRE(loaded.config.jobs.size() == 1);
    CHECK(loaded.config.jobs[0].symbols == std::vector<std::string>{"AAPL", "MSFT", "GOOGL", "AMZN", "NVDA", "TSLA"});
    CHECK(loaded.config.jobs[0].interval == std::chrono::seconds(1));
    CHECK(loaded.config.http.port == 8000);
    CHECK(loaded.config.data.dir == "data");
}
