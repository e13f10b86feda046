#pragma once

#include <mds/module.hpp>

#include "services/retention.hpp"
#include "support/loop_thread.hpp"

namespace mds::relay {

/// What leads from the outbox to the bus. The embedded bus is the outbox itself, so here nothing is published: the module keeps the
/// outbox, and the raw rows behind it, at their length.
class RelayModule final : public Module {
public:
    /// `retention` outlives the module and belongs to its thread once it is started.
    explicit RelayModule(Retention& retention);

    std::string_view name() const noexcept override { return "relay"; }
    void start() override;
    void interrupt() noexcept override;
    bool drain(SteadyTime deadline) noexcept override;
    Health health() const override;

private:
    Retention& retention_;
    support::LoopThread thread_;
};

}  // namespace mds::relay
