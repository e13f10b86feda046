#pragma once

#include "app/config_load.hpp"
#include "app/lifecycle.hpp"

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

namespace mds::app {

/// What the program is given from outside, so that tests run it in their own process.
struct ProcessContext {
    Environment environment;
    std::ostream& out;
    std::ostream& err;
    bool terminal = false;  ///< standard error is one: logs are for people
    std::function<std::unique_ptr<StopSignal>()> signals;
};

/// The whole program behind main(): `arguments` without the program's name.
ExitCode run_program(std::vector<std::string> const& arguments, ProcessContext const& process);

}  // namespace mds::app
