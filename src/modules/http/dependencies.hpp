#pragma once

#include <mds/module.hpp>
#include <mds/ports/clock.hpp>
#include <mds/ports/price_reads.hpp>
#include <mds/ports/provider.hpp>

#include "services/job_service.hpp"
#include "services/latest_cache.hpp"
#include "services/latest_price.hpp"
#include "services/moving_averages.hpp"
#include "services/provider_desk.hpp"
#include "support/io_thread.hpp"
#include "support/log.hpp"
#include "support/metrics.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace mds::http {

/// What the module works with. Everything outlives it.
struct Dependencies {
    /// One server loop on each, at least one. Not started yet: the module starts and ends them. Built before, and destroyed after,
    /// every pool that may post to them, which is why the module does not own them.
    std::vector<support::IoThread*> threads;
    LatestCache const& cache;
    LatestPriceService& latest;
    JobService& jobs;
    MovingAverages& averages;
    PriceReads& points;
    ProviderDirectory& providers;
    ProviderDesk& desk;
    Clock& clock;
    Random& random;
    support::Log log;
    support::Metrics& metrics;
    /// Each module and dependency by name. Any I/O thread; must not block.
    std::function<std::vector<std::pair<std::string, Health>>()> health;
};

}  // namespace mds::http
