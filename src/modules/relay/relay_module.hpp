#pragma once

#include <mds/module.hpp>

#include "services/relay.hpp"
#include "services/retention.hpp"
#include "support/loop_thread.hpp"

#include <optional>

namespace mds::relay {

/// What leads from the outbox to the bus: one thread that publishes, where the bus is a broker's, and one that keeps the outbox,
/// and the raw rows behind it, at their length. The embedded bus is the outbox itself.
class RelayModule final : public Module {
public:
    /// `relay`: none with the embedded bus. Both outlive the module and belong to its threads once it is started.
    RelayModule(Retention& retention, Relay* relay);

    std::string_view name() const noexcept override { return "relay"; }
    void start() override;
    void interrupt() noexcept override;
    /// Gives the cursor back, so that another relay goes on at once.
    bool drain(SteadyTime deadline) noexcept override;
    Health health() const override;

private:
    Retention& retention_;
    Relay* relay_;
    support::LoopThread keeping_;
    std::optional<support::LoopThread> publishing_;
};

}  // namespace mds::relay
