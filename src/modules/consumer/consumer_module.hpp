#pragma once

#include <mds/module.hpp>
#include <mds/ports/event_source.hpp>

#include "services/averaging.hpp"
#include "support/loop_thread.hpp"

namespace mds::consumer {

/// Price events in, moving averages out: one thread around Averaging.
class ConsumerModule final : public Module {
public:
    /// Both outlive the module and belong to its thread once it is started.
    ConsumerModule(Averaging& averaging, EventSource& source);

    std::string_view name() const noexcept override { return "consumer"; }
    void start() override;
    void interrupt() noexcept override;
    bool drain(SteadyTime deadline) noexcept override;
    Health health() const override;

private:
    Averaging& averaging_;
    EventSource& source_;
    support::LoopThread thread_;
};

}  // namespace mds::consumer
