#pragma once

#include "app/config.hpp"
#include "app/lifecycle.hpp"
#include "app/open_store.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace mds::app {

struct StoreStart {
    std::unique_ptr<OpenStore> store;  ///< none: the process ends, with `code`
    ExitCode code = ExitCode::ok;
    std::optional<std::uint16_t> http_port;  ///< where we listened meanwhile, so that the port stays the same
};

/// Opens the store. While its server is not to be had we wait, with jittered back-off, until it is or the signal comes; the log
/// says so, and with the http module /readyz names it. Main thread.
StoreStart await_store(Config const& config, StopSignal& signal, support::Metrics& metrics, support::Log const& log);

}  // namespace mds::app
