#pragma once

#include <mds/module.hpp>

#include "services/poll_driver.hpp"

namespace mds::poller {

/// The scheduler as a part of the process. It has no thread of its own: the driver works on the fetch thread, which must run from
/// before start() until after drain(), and ingest must take observations as long.
class PollerModule final : public Module {
public:
    explicit PollerModule(PollDriver& driver) : driver_(driver) {}

    std::string_view name() const noexcept override { return "poller"; }
    /// Returns at once: a store that is away delays the polling, not the process.
    void start() override;
    void interrupt() noexcept override;
    bool drain(SteadyTime deadline) noexcept override;
    Health health() const override;

private:
    PollDriver& driver_;
};

}  // namespace mds::poller
