#pragma once

#include "app/config.hpp"
#include "app/lifecycle.hpp"
#include "app/waiting_room.hpp"
#include "support/log.hpp"
#include "support/metrics.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>

namespace mds::app {

/// What a start does between two tries while the store's server is not to be had: with the http module its port is open meanwhile,
/// and /readyz says why. Main thread.
class StoreWait {
public:
    StoreWait(Config const& config, StopSignal& signal, support::Metrics& metrics, support::Log const& log);

    /// Says so in the log, and sleeps: longer each time, jittered. False: the signal came. Throws where the port cannot be had.
    bool pause(std::string const& reason);
    /// The port to listen on: where it has been open already, that one.
    std::uint16_t http_port() const;
    /// Nobody has to wait any more: the port is free again.
    void end();

private:
    Config const& config_;
    StopSignal& signal_;
    support::Metrics& metrics_;
    support::Log log_;
    std::unique_ptr<WaitingRoom> room_;
    std::uint16_t http_port_;
    std::chrono::milliseconds bound_;
    std::minstd_rand random_;
};

}  // namespace mds::app
