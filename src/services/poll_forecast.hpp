#pragma once

#include <mds/ports/clock.hpp>
#include <mds/ports/poll_plan.hpp>
#include <mds/ports/provider.hpp>
#include <mds/ports/task.hpp>

#include "services/poll_groups.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace mds {

/// When targets are polled next. It reads the plan that the poller reads and deals it into groups with the same functions, so it
/// needs no poller in its process. Any I/O thread.
///
/// What only the poller's memory holds is not in it: a tick may yet be skipped because the group backs off or its last request
/// still runs.
class PollForecast {
public:
    PollForecast(PollPlanStore& plans, ProviderDirectory const& providers, Clock& clock)
        : plans_(plans), providers_(providers), clock_(clock) {}

    class Outlook;
    /// As things stand now. Errors: unavailable.
    Task<Outlook> look();

private:
    /// The ticks of every target of one revision of the plan.
    struct Ticks {
        std::int64_t revision = 0;
        std::map<std::vector<std::string>, std::unordered_map<Symbol, TickGrid>> of_providers;
    };
    Task<std::shared_ptr<Ticks const>> newest_ticks();
    std::shared_ptr<Ticks const> deal(PollPlan const& plan) const;

    PollPlanStore& plans_;
    ProviderDirectory const& providers_;
    Clock& clock_;
    std::mutex mutex_;
    std::shared_ptr<Ticks const> newest_;
};

class PollForecast::Outlook {
public:
    /// Per symbol of the job, in its order. None: it is not polled, as in a job that is paused or cancelled.
    std::vector<std::optional<UtcTime>> next_polls(Job const& job) const;

private:
    friend class PollForecast;
    std::shared_ptr<Ticks const> ticks_;
    std::map<std::string, UtcTime> waits_;
    UtcTime now_;
};

}  // namespace mds
