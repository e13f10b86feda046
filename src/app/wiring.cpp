#include "app/wiring.hpp"

#include "app/inner_modules.hpp"
#include "app/job_seeds.hpp"
#include "app/loops.hpp"
#include "app/module_options.hpp"
#include "app/open_store.hpp"
#include "app/version.hpp"

#include "adapters/clock/steady_timer.hpp"
#include "adapters/clock/system_clock.hpp"
#include "adapters/clock/system_random.hpp"
#include "adapters/embedded_bus/outbox_source.hpp"
#include "adapters/providers/directory.hpp"
#include "modules/consumer/consumer_module.hpp"
#include "modules/http/http_module.hpp"
#include "modules/poller/poller_module.hpp"
#include "modules/relay/relay_module.hpp"
#include "services/job_service.hpp"
#include "services/latest_cache.hpp"
#include "services/moving_averages.hpp"
#include "services/poll_driver.hpp"
#include "services/poll_forecast.hpp"
#include "support/open_files.hpp"

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <exception>
#include <memory>
#include <stdexcept>

namespace mds::app {
namespace {

/// Adapters, services and modules in the order of use: what stands further down uses what stands above, and is destroyed first.
class Process {
public:
    Process(Config const& config, codec::Catalogue catalogue, Loops& loops, OpenStore& store, support::Metrics& metrics,
            support::Log const& log)
        : config_(config),
          loops_(loops),
          store_(store),
          metrics_(metrics),
          log_(log),
          directory_(std::move(catalogue), {simulated_options(config)}, fetch_options(config),
                     {loops.fetch.executor(), clock_, timer_, random_, metrics}),
          outbox_(store.open_outbox()),
          bus_(*outbox_),
          ingest_(store.ingest(), clock_, random_, {&cache_, &bus_}, log, metrics, ingest_options(config)),
          sink_(ingest_),
          latest_(cache_, store.prices(), directory_, holds_, ingest_, clock_, random_, loops.fetch.executor(), log, metrics,
                  latest_price_options(config)),
          averages_(store.averages(), store.prices()),
          averaging_(bus_, store.averaging(), store.series_history(), store.latest_prices(), log, metrics,
                     averaging_options(config, store.store_epoch())),
          retention_(store.outbox_pruner(), store.raw_retention(), clock_, log, metrics, retention_options(config)),
          polling_(store.poll_plan(), directory_, holds_, sink_, clock_, poll_timer_, random_, loops.fetch.executor(), log, metrics,
                   poll_driver_options(config)),
          forecast_(store.poll_plan(), directory_, clock_),
          jobs_(store.jobs(), store.job_reads(), forecast_, directory_, clock_, random_, [this] { polling_.changed(); }) {
        add_modules();
    }

    ~Process() {
        // Also where the start failed half-way: no coroutine may run while what it uses is being destroyed.
        loops_.fetch.release();
        loops_.fetch.join(SteadyTime{});
    }

    ExitCode run(StopSignal& signal, std::string const& config_path) {
        prepare();
        auto const ready = [&] {
            auto const modules = fmt::format("{}", fmt::join(config_.modules, ","));
            log_.info(
                "mds.ready",
                {{"version", version()}, {"modules", modules}, {"config", config_path}, {"store", store_.name()}, {"url", url()}});
        };
        return app::run(modules_, signal, config_.shutdown.grace, log_, ready);
    }

private:
    bool has(std::string_view module) const { return std::ranges::find(config_.modules, module) != config_.modules.end(); }

    /// Who hands work on stands behind whom it hands it to.
    void add_modules() {
        modules_.push_back(std::make_unique<IngestModule>(ingest_));
        modules_.push_back(std::make_unique<FetchModule>(loops_.fetch, directory_));
        if (has("consumer")) modules_.push_back(std::make_unique<consumer::ConsumerModule>(averaging_, bus_));
        if (has("relay")) modules_.push_back(std::make_unique<relay::RelayModule>(retention_));
        if (has("poller")) modules_.push_back(std::make_unique<poller::PollerModule>(polling_));
        if (has("http")) add_http();
    }

    void add_http() {
        http::Dependencies const dependencies{
            .threads = loops_.of_http(),
            .cache = cache_,
            .latest = latest_,
            .jobs = jobs_,
            .averages = averages_,
            .points = store_.prices(),
            .providers = directory_,
            .clock = clock_,
            .random = random_,
            .log = log_,
            .metrics = metrics_,
            .health = [this] { return health(); },
        };
        auto const open_files = support::raise_open_file_limit();
        auto options = http_options(config_, open_files);
        if (options.limits.connections < config_.http.max_connections) {
            log_.warning(
                "http.connections_limited",
                {{"open_files", open_files},
                 {"max_connections", options.limits.connections},
                 {"http.max_connections", config_.http.max_connections},
                 {"hint", fmt::format("for http.max_connections this process needs a hard limit of {} open files (ulimit -Hn, "
                                      "LimitNOFILE= of systemd, --ulimit nofile of a container); or lower http.max_connections",
                                      http::open_files_for(config_.http.max_connections))}});
        }
        auto module = std::make_unique<http::HttpModule>(std::move(options), dependencies);
        http_ = module.get();
        modules_.push_back(std::move(module));
    }

    /// The newest prices come to memory, and the jobs of the configuration into being, before any module looks.
    void prepare() {
        auto const warmed = store_.latest_prices().for_each_latest([this](PricePoint const& point) { cache_.offer(point); });
        if (!warmed) throw std::runtime_error("cannot read the latest prices: " + warmed.error().detail);
        loops_.fetch.start();
        JobSeeding const seeding{store_.jobs(), store_.job_reads(),   directory_,
                                 clock_,        config_.symbols.fold, config_.providers.default_name};
        auto const seeded = net::co_spawn(loops_.fetch.executor(), seed_jobs(seeding, config_.jobs), net::use_future).get();
        if (!seeded) throw std::runtime_error("cannot create the jobs of the configuration: " + seeded.error().detail);
        if (!has("poller")) {
            auto const recalled = net::co_spawn(loops_.fetch.executor(), polling_.recall_waits(), net::use_future).get();
            if (!recalled) throw std::runtime_error("cannot read the waits that providers asked for: " + recalled.error().detail);
        }
        if (*seeded > 0) log_.info("jobs.created", {{"count", *seeded}});
    }

    std::vector<std::pair<std::string, Health>> health() const {
        std::vector<std::pair<std::string, Health>> all{{"store", store_.monitor().store_health()}};
        for (auto const& module : modules_) all.emplace_back(module->name(), module->health());
        return all;
    }

    std::string url() const {
        if (http_ == nullptr) return "";
        auto const& address = config_.http.address;
        return fmt::format("http://{}:{}", address.find(':') == address.npos ? address : "[" + address + "]", http_->port());
    }

    Config const& config_;
    Loops& loops_;
    OpenStore& store_;
    support::Metrics& metrics_;
    support::Log log_;
    clock::SystemClock clock_;
    clock::SystemRandom random_;
    clock::SteadyTimer timer_;
    clock::SteadyTimer poll_timer_;  ///< its own: stopping cancels the poller's waits, not the fetches that reads wait for
    providers::Directory directory_;
    ProviderHolds holds_;
    LatestCache cache_;
    std::unique_ptr<OutboxLog> outbox_;
    embedded_bus::OutboxSource bus_;
    Ingest ingest_;
    IngestSink sink_;
    LatestPriceService latest_;
    MovingAverages averages_;
    Averaging averaging_;
    Retention retention_;
    PollDriver polling_;
    PollForecast forecast_;
    JobService jobs_;
    http::HttpModule const* http_ = nullptr;
    std::vector<std::unique_ptr<Module>> modules_;
};

/// None, with the reason in the log, where it cannot be opened.
std::unique_ptr<OpenStore> try_open_store(Config const& config, support::Metrics& metrics, support::Log const& log) {
    try {
        return open_store(config, log, metrics);
    } catch (std::exception const& error) {
        log.error("store.open_failed", {{"error", error.what()}});
        return nullptr;
    }
}

}  // namespace

ExitCode serve(Config const& config, codec::Catalogue catalogue, std::string const& config_path, StopSignal& signal,
               support::Log const& log) {
    support::Metrics metrics;
    Loops loops(std::ranges::count(config.modules, "http") > 0 ? http_threads(config) : 0);
    auto const store = try_open_store(config, metrics, log);
    if (!store) return ExitCode::store;
    try {
        return Process(config, std::move(catalogue), loops, *store, metrics, log).run(signal, config_path);
    } catch (std::exception const& error) {
        log.error("mds.start_failed", {{"error", error.what()}});
        return ExitCode::failure;
    }
}

ExitCode migrate(Config const& config, bool new_epoch, support::Log const& log) {
    support::Metrics metrics;
    auto const store = try_open_store(config, metrics, log);
    if (!store) return ExitCode::store;
    auto const epoch = new_epoch ? store->raise_epoch() : store->store_epoch();
    log.info("store.migrated", {{"schema_version", store->schema_version()}, {"store_epoch", epoch}});
    return ExitCode::ok;
}

}  // namespace mds::app
