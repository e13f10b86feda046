#include "app/config_load.hpp"

#include "app/file_content.hpp"
#include "support/catch.hpp"

#include <sstream>
#include <string>
#include <vector>

using namespace mds::app;

namespace {

/// The effective configuration of a shipped file, line by line.
std::vector<std::string> effective(std::string const& name) {
    ConfigSources sources;
    auto const path = std::string(MDS_SOURCE_DIR "/config/") + name;
    sources.file = ConfigSources::File{path, content_of(path).value()};
    sources.environment = {{"MDS_POSTGRES_URL", "postgresql://db/mds"}, {"MDS_KAFKA_BROKERS", "kafka:9092"}};
    auto const loaded = load_config(sources);
    for (auto const& error : loaded.errors) FAIL(to_string(error));
    std::istringstream text(print_config(loaded));
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
}

}  // namespace

TEST_CASE("the files of the roles differ in their modules alone") {
    auto const api = effective("api.json");
    for (auto const* const role : {"poller.json", "consumer.json"}) {
        auto const other = effective(role);
        REQUIRE(other.size() == api.size());
        int different = 0;
        for (std::size_t i = 0; i < api.size(); ++i) {
            if (api[i] == other[i]) continue;
            INFO(role << ": " << other[i]);
            CHECK(api[i].find("\"modules\"") != std::string::npos);
            ++different;
        }
        CHECK(different == 1);
    }
}
