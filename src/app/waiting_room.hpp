#pragma once

#include "app/config.hpp"
#include "support/log.hpp"
#include "support/metrics.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace mds::app {

/// What clients and probes are told on the HTTP port while the process cannot start yet: it lives, it is not ready, and why.
class WaitingRoom {
public:
    /// Listens at once. Throws where the port cannot be had.
    WaitingRoom(Config const& config, support::Metrics& metrics, support::Log const& log);
    ~WaitingRoom();

    /// What /readyz says of the store. Any thread.
    void say(std::string reason);
    std::uint16_t port() const noexcept;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mds::app
