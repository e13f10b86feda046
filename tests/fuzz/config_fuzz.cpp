// The configuration file: whatever its bytes, loading ends with a configuration or with errors, and printing shows no variable.
#include "app/config_load.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    mds::app::ConfigSources sources;
    sources.file = mds::app::ConfigSources::File{"fuzz.json", std::string(reinterpret_cast<char const*>(data), size)};
    sources.environment = {{"SECRET", "hunter2-hunter2-hunter2"}, {"PORT", "9000"}};
    auto const loaded = mds::app::load_config(sources);
    auto const printed = mds::app::print_config(loaded);
    if (printed.find("hunter2-hunter2-hunter2") != printed.npos) std::abort();
    for (auto const& error : loaded.errors) {
        if (to_string(error).find("hunter2-hunter2-hunter2") != std::string::npos) std::abort();
    }
    if (!loaded.errors.empty()) return 0;
    // What is in force, printed, is valid again unless a mask stands where a checked value stood.
    sources.file->text = printed;
    if (loaded.hidden.empty() && loaded.config.http.page_token_key.empty() && !load_config(sources).errors.empty()) std::abort();
    return 0;
}
