#include "app/wiring.hpp"

#include "app/inner_modules.hpp"
#include "app/job_seeds.hpp"
#include "app/loops.hpp"
#include "app/module_options.hpp"
#include "app/open_bus.hpp"
#include "app/open_store.hpp"
#include "app/parts.hpp"
#include "app/version.hpp"

#include "adapters/clock/steady_timer.hpp"
#include "adapters/clock/system_clock.hpp"
#include "adapters/clock/system_random.hpp"
#include "adapters/redis/price_cache.hpp"
#include "modules/consumer/consumer_module.hpp"
#include "modules/http/http_module.hpp"
#include "modules/poller/poller_module.hpp"
#include "modules/relay/relay_module.hpp"
#include "services/cache_follower.hpp"
#include "services/job_service.hpp"
#include "services/latest_cache.hpp"
#include "services/moving_averages.hpp"
#include "services/poll_driver.hpp"
#include "services/relay.hpp"

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>

namespace mds::app {
namespace {

/// Adapters, services and modules in the order of use: what stands further down uses what stands above, and is destroyed first. A
/// role has only those that it needs.
class Process {
public:
    Process(Config const& config, codec::Catalogue catalogue, Loops& loops, OpenStore& store, support::Metrics& metrics,
            support::Log const& log)
        : config_(config), loops_(loops), store_(store), metrics_(metrics), log_(log), bus_(open_bus(config, log, metrics)) {
        if (has("consumer")) build_consumer();
        if (has("relay")) build_relay();
        if (has("http") || has("poller")) build_intake(std::move(catalogue));
        if (intake_) build_poller();
        if (has("http")) build_reads();
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
            log_.info("mds.ready", {{"version", version()},
                                    {"modules", modules},
                                    {"config", config_path},
                                    {"store", store_.name()},
                                    {"bus", bus_name(config_)},
                                    {"url", url()}});
        };
        return app::run(modules_, signal, config_.shutdown.grace, log_, ready);
    }

private:
    bool has(std::string_view module) const { return std::ranges::find(config_.modules, module) != config_.modules.end(); }

    void build_consumer() {
        if (!bus_) embedded_.emplace(store_);
        averaging_.emplace(events(), store_.averaging(), store_.series_history(), store_.latest_prices(), log_, metrics_,
                           averaging_options(config_, store_.store_epoch()));
    }

    EventSource& events() { return bus_ ? bus_->source() : embedded_->source; }

    void build_relay() {
        retention_.emplace(store_.outbox_pruner(), store_.raw_retention(), clock_, log_, metrics_, retention_options(config_));
        if (!bus_) return;
        outbox_ = store_.open_outbox();
        relay_.emplace(*outbox_, store_.relay_cursor(), bus_->publisher(), clock_, owner(), log_, metrics_);
    }

    /// Unlike that of any other process, at any time.
    std::string owner() { return Uuid::v7(clock_.now(), random_.next(), random_.next()).to_string(); }

    void build_intake(codec::Catalogue catalogue) {
        std::vector<CommitListener*> listeners;
        if (!config_.cache.redis.url.empty()) {
            redis_.emplace(redis_options(config_, store_.store_epoch()), random_, log_, metrics_);
            listeners.push_back(&*redis_);
        }
        if (has("http")) listeners.push_back(&cache_);
        if (embedded_) listeners.push_back(&embedded_->source);
        if (relay_) listeners.push_back(&*relay_);
        intake_.emplace(config_, std::move(catalogue),
                        providers::DirectoryContext{loops_.fetch.executor(), clock_, timer_, random_, metrics_}, store_.ingest(),
                        clock_, std::move(listeners), log_);
    }

    /// Also where it never starts: for reads it remembers what providers asked for.
    void build_poller() {
        polling_.emplace(store_.poll_plan(), intake_->directory, intake_->holds, intake_->sink, clock_, poll_timer_, random_,
                         loops_.fetch.executor(), log_, metrics_, poll_driver_options(config_), store_.leases());
    }

    void build_reads() {
        latest_.emplace(cache_, store_.prices(), intake_->directory, intake_->holds, intake_->ingest, clock_, random_,
                        loops_.fetch.executor(), log_, metrics_, latest_price_options(config_), redis_ ? &*redis_ : nullptr);
        averages_.emplace(store_.averages(), store_.prices());
        jobs_.emplace(store_.jobs(), store_.job_reads(), intake_->directory, clock_, random_, [this] {
            if (has("poller")) polling_->changed();
        });
        if (!bus_) return;
        follower_.emplace(
            bus_->tail(), store_.latest_prices(), [this](Series const& series) { return newest(series); }, cache_, clock_, log_,
            metrics_, cache_follower_options(config_, store_.store_epoch()));
    }

    /// Asked by a thread that may wait, where the store has coroutines alone.
    Result<std::optional<PricePoint>> newest(Series const& series) {
        auto answer = net::co_spawn(loops_.fetch.executor(), store_.prices().latest(series), net::use_future);
        if (answer.wait_for(std::chrono::seconds(10)) != std::future_status::ready) return Error(ErrorCode::timeout, "no answer");
        return answer.get();
    }

    /// Who hands work on stands behind whom it hands it to.
    void add_modules() {
        if (redis_) modules_.push_back(std::make_unique<RedisModule>(*redis_));
        if (intake_) {
            modules_.push_back(std::make_unique<IngestModule>(intake_->ingest));
            modules_.push_back(std::make_unique<FetchModule>(loops_.fetch, intake_->directory));
        }
        if (averaging_) modules_.push_back(std::make_unique<consumer::ConsumerModule>(*averaging_, events()));
        if (retention_) modules_.push_back(std::make_unique<relay::RelayModule>(*retention_, relay_ ? &*relay_ : nullptr));
        if (follower_) modules_.push_back(std::make_unique<CacheModule>(*follower_, bus_->tail()));
        if (has("poller")) modules_.push_back(std::make_unique<poller::PollerModule>(*polling_));
        if (latest_) add_http();
    }

    void add_http() {
        http::Dependencies const dependencies{
            .threads = loops_.of_http(),
            .cache = cache_,
            .latest = *latest_,
            .jobs = *jobs_,
            .averages = *averages_,
            .points = store_.prices(),
            .providers = intake_->directory,
            .clock = clock_,
            .random = random_,
            .log = log_,
            .metrics = metrics_,
            .health = [this] { return health(); },
        };
        auto module = std::make_unique<http::HttpModule>(http_options(config_), dependencies);
        http_ = module.get();
        modules_.push_back(std::move(module));
    }

    /// The newest prices come to memory, and the jobs of the configuration into being, before any module looks.
    void prepare() {
        bool const reads_outbox = !bus_ && (averaging_ || retention_);
        if (reads_outbox) expect(store_.relay_cursor().retire(), "cannot read the outbox without a relay");
        if (latest_) {
            auto const warm = [this](PricePoint const& point) { cache_.offer(point); };
            expect(store_.latest_prices().for_each_latest(warm), "cannot read the latest prices");
        }
        if (intake_) seed();
    }

    void seed() {
        loops_.fetch.start();
        JobSeeding const seeding{store_.jobs(), store_.job_reads(),   intake_->directory,
                                 clock_,        config_.symbols.fold, config_.providers.default_name};
        auto const seeded = net::co_spawn(loops_.fetch.executor(), seed_jobs(seeding, config_.jobs), net::use_future).get();
        if (!seeded) throw std::runtime_error("cannot create the jobs of the configuration: " + seeded.error().detail);
        if (intake_ && !has("poller")) {
            auto const recalled = net::co_spawn(loops_.fetch.executor(), polling_->recall_waits(), net::use_future).get();
            if (!recalled) throw std::runtime_error("cannot read the waits that providers asked for: " + recalled.error().detail);
        }
        if (*seeded > 0) log_.info("jobs.created", {{"count", *seeded}});
    }

    static void expect(Result<void> const& done, char const* otherwise) {
        if (!done) throw std::runtime_error(fmt::format("{}: {}", otherwise, done.error().detail));
    }

    std::vector<std::pair<std::string, Health>> health() const {
        std::vector<std::pair<std::string, Health>> all{{"store", store_.monitor().store_health()}};
        if (bus_) all.emplace_back("bus", bus_->health());
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
    std::optional<JobService> jobs_;
    std::optional<CacheFollower> follower_;
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
