#pragma once

#include "app/lifecycle.hpp"
#include "app/loops.hpp"
#include "app/open_bus.hpp"
#include "app/open_store.hpp"
#include "app/parts.hpp"

#include "adapters/clock/steady_timer.hpp"
#include "adapters/clock/system_clock.hpp"
#include "adapters/clock/system_random.hpp"
#include "adapters/redis/price_cache.hpp"
#include "modules/http/http_module.hpp"
#include "services/averaging.hpp"
#include "services/cache_follower.hpp"
#include "services/job_service.hpp"
#include "services/kept_waits.hpp"
#include "services/latest_cache.hpp"
#include "services/latest_price.hpp"
#include "services/moving_averages.hpp"
#include "services/poll_driver.hpp"
#include "services/poll_forecast.hpp"
#include "services/provider_desk.hpp"
#include "services/relay.hpp"
#include "services/retention.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mds::app {

/// Adapters, services and modules in the order of use: what stands further down uses what stands above, and is destroyed first. A
/// role has only those that it needs.
class Process {
public:
    Process(Config const& config, codec::Catalogue catalogue, Loops& loops, OpenStore& store, support::Metrics& metrics,
            support::Log const& log);
    ~Process();
    /// The newest prices come to memory, and the jobs of the configuration into being, before any module looks. Throws StoreAway
    /// where the store's server was lost meanwhile: then the process can only be destroyed.
    void prepare();
    /// After prepare().
    ExitCode run(StopSignal& signal, std::string const& config_path);

private:
    bool has(std::string_view module) const { return std::ranges::find(config_.modules, module) != config_.modules.end(); }
    void build_consumer();
    EventSource& events() { return bus_ ? bus_->source() : embedded_->source; }
    void build_relay();
    /// Unlike that of any other process, at any time.
    std::string owner() { return Uuid::v7(clock_.now(), random_.next(), random_.next()).to_string(); }
    void build_intake(codec::Catalogue catalogue);
    /// Also where it never starts: for reads it remembers what providers asked for.
    void build_poller();
    void build_reads();
    /// Asked by a thread that may wait, where the store has coroutines alone.
    Result<std::optional<PricePoint>> newest(Series const& series);
    /// Who hands work on stands behind whom it hands it to.
    void add_modules();
    void add_http();
    void seed();
    template <class T>
    void expect(Result<T> const& done, char const* otherwise) const {
        if (!done) fail(done.error(), otherwise);
    }
    [[noreturn]] void fail(Error const& error, char const* otherwise) const;
    std::vector<std::pair<std::string, Health>> health() const;
    std::string url() const;

    Config const& config_;
    Loops& loops_;
    OpenStore& store_;
    support::Metrics& metrics_;
    support::Log log_;
    clock::SystemClock clock_;
    clock::SystemRandom random_;
    clock::SteadyTimer timer_;
    clock::SteadyTimer poll_timer_;  ///< its own: stopping cancels the poller's waits, not the fetches that reads wait for
    LatestCache cache_;
    std::unique_ptr<OpenBus> bus_;  ///< none: the embedded one
    std::optional<EmbeddedBus> embedded_;
    std::optional<Averaging> averaging_;
    std::optional<Retention> retention_;
    std::unique_ptr<OutboxLog> outbox_;
    std::optional<Relay> relay_;
    std::optional<redis::PriceCache> redis_;
    std::optional<Intake> intake_;
    std::optional<PollDriver> polling_;
    std::optional<LatestPriceService> latest_;
    std::optional<MovingAverages> averages_;
    std::optional<KeptWaits> kept_waits_;
    std::optional<PollForecast> forecast_;
    std::optional<JobService> jobs_;
    std::optional<ProviderDesk> desk_;
    std::optional<CacheFollower> follower_;
    http::HttpModule const* http_ = nullptr;
    std::vector<std::unique_ptr<Module>> modules_;
};

}  // namespace mds::app
