#pragma once

#include "app/config.hpp"
#include "app/lifecycle.hpp"

#include "support/log.hpp"

#include <string>

namespace mds::app {

/// `mds copy`: moves the whole history of a stopped service from one store to another, empty one; all of it or nothing. A store is
/// "sqlite:DIR" or "postgres:URL"; "postgres" alone takes `store.url`.
struct CopyOrder {
    std::string from;
    std::string to;
};

ExitCode copy_store(Config const& config, CopyOrder const& order, support::Log const& log);

}  // namespace mds::app
