#pragma once
// The composition root: the only place that names concrete types.

#include "app/config_load.hpp"
#include "app/lifecycle.hpp"

#include "support/log.hpp"

#include <string>
#include <vector>

namespace mds::app {

struct Startup {
    std::string config_path;  ///< for the log
    Environment environment;  ///< providers take their keys from it
};

/// Errors of the provider catalogue and of the names that refer to it. Reads the files of `providers.files`.
std::vector<ConfigError> check_catalogue(Config const& config, Environment const& environment);

/// Builds the modules of the role, runs them until the signal, and takes them apart again.
ExitCode serve(Config const& config, Startup const& startup, StopSignal& signal, support::Log const& log);

/// Opens the store, which brings its schema up to date.
ExitCode migrate(Config const& config, support::Log const& log);

}  // namespace mds::app
