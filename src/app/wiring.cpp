#include "app/wiring.hpp"

namespace mds::app {

std::vector<ConfigError> check_catalogue(Config const&, Environment const&) { return {}; }
ExitCode serve(Config const& config, Startup const&, StopSignal& signal, support::Log const& log) {
    return run({}, signal, config.shutdown.grace, log);
}
ExitCode migrate(Config const&, support::Log const&) { return ExitCode::ok; }

}  // namespace mds::app
