#pragma once
// The composition root: the only place that names concrete types.

#include "app/config.hpp"
#include "app/lifecycle.hpp"

#include "codec/provider_catalogue.hpp"
#include "support/log.hpp"

#include <string>

namespace mds::app {

/// Builds the modules of the role, runs them until the signal, and takes them apart again; waits, with jittered back-off, while the
/// store's server is not to be had. `config_path`: for the log.
ExitCode serve(Config config, codec::Catalogue const& catalogue, std::string const& config_path, StopSignal& signal,
               support::Log const& log);

/// Opens the store, which brings its schema up to date. `new_epoch`: after a restore from backup.
ExitCode migrate(Config const& config, bool new_epoch, support::Log const& log);

/// Lets the relay put dead letters of a class (empty: of any) back into the topic of events.
ExitCode replay_dead_letters(Config const& config, std::string const& error_class, support::Log const& log);

}  // namespace mds::app
