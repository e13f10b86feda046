#pragma once

#include "app/config.hpp"
#include "app/config_fields.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mds::app {

using Environment = std::map<std::string, std::string>;

/// Where a configuration comes from, weakest first: defaults, file, environment, flags.
struct ConfigSources {
    struct File {
        std::string path;
        std::string text;
    };
    struct Flag {
        std::string key;  ///< "http.port"
        std::string value;
        std::string origin;  ///< as the user wrote it
    };
    std::optional<File> file;
    Environment environment;
    std::vector<Flag> flags;
};

struct LoadedConfig {
    Config config;
    std::vector<ConfigError> errors;             ///< all of them; use `config` only if there are none
    std::map<std::string, std::string> origins;  ///< of the keys that are not left at their default
    std::set<std::string> hidden;                ///< paths whose text came out of a variable
};

/// Reads, merges and checks everything. Touches nothing outside its arguments.
///
/// The file is JSON with comments and trailing commas. In its string values `${NAME}` stands for an environment variable, which
/// must be set, `${NAME:-text}` for one that need not be, `$${` for the two characters themselves.
LoadedConfig load_config(ConfigSources const& sources);

/// The effective configuration as indented JSON. Secrets, and what came out of variables, are masked.
std::string print_config(LoadedConfig const& loaded);

/// "http.port: must be ... (config/mds.json)".
std::string to_string(ConfigError const& error);

}  // namespace mds::app
