#include "app/process.hpp"

#include "app/inner_modules.hpp"
#include "app/job_seeds.hpp"
#include "app/module_options.hpp"
#include "app/version.hpp"

#include "modules/consumer/consumer_module.hpp"
#include "modules/poller/poller_module.hpp"
#include "modules/relay/relay_module.hpp"
#include "support/open_files.hpp"

#include <mds/ports/store_away.hpp>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <chrono>
#include <future>
#include <stdexcept>

namespace mds::app {

Process::Process(Config const& config, codec::Catalogue catalogue, Loops& loops, OpenStore& store, support::Metrics& metrics,
                 support::Log const& log)
    : config_(config), loops_(loops), store_(store), metrics_(metrics), log_(log), bus_(open_bus(config, log, metrics)) {
    if (has("consumer")) build_consumer();
    if (has("relay")) build_relay();
    if (has("http") || has("poller")) build_intake(std::move(catalogue));
    if (has("poller")) build_poller();
    if (has("http")) build_reads();
    add_modules();
}

Process::~Process() {
    // Also where the start failed half-way: no coroutine may run while what it uses is being destroyed.
    loops_.fetch.release();
    loops_.fetch.join(SteadyTime{});
}

ExitCode Process::run(StopSignal& signal, std::string const& config_path) {
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

void Process::build_consumer() {
    if (!bus_) embedded_.emplace(store_);
    averaging_.emplace(events(), store_.averaging(), store_.series_history(), store_.latest_prices(), log_, metrics_,
                       averaging_options(config_, store_.store_epoch()));
}

void Process::build_relay() {
    retention_.emplace(store_.outbox_pruner(), store_.raw_retention(), clock_, log_, metrics_, retention_options(config_));
    if (!bus_) return;
    outbox_ = store_.open_outbox();
    relay_.emplace(*outbox_, store_.relay_cursor(), bus_->publisher(), clock_, owner(), log_, metrics_);
}

void Process::build_intake(codec::Catalogue catalogue) {
    std::vector<CommitListener*> listeners;
    if (!config_.cache.redis.url.empty()) {
        redis_.emplace(redis_options(config_, store_.store_epoch()), random_, log_, metrics_);
        listeners.push_back(&*redis_);
    }
    if (has("http")) listeners.push_back(&cache_);
    if (embedded_) listeners.push_back(&embedded_->source);
    if (relay_) listeners.push_back(&*relay_);
    intake_.emplace(config_, std::move(catalogue),
                    providers::DirectoryContext{loops_.fetch.executor(), clock_, timer_, random_, metrics_, &store_.quotas()},
                    store_.ingest(), clock_, std::move(listeners), log_);
}

void Process::build_poller() {
    polling_.emplace(store_.poll_plan(), intake_->directory, intake_->holds, intake_->sink, clock_, poll_timer_, random_,
                     loops_.fetch.executor(), log_, metrics_, poll_driver_options(config_), store_.leases());
}

void Process::build_reads() {
    latest_.emplace(cache_, store_.prices(), intake_->directory, intake_->holds, intake_->ingest, clock_, random_,
                    loops_.fetch.executor(), log_, metrics_, latest_price_options(config_), redis_ ? &*redis_ : nullptr);
    averages_.emplace(store_.averages(), store_.prices());
    if (!polling_) kept_waits_.emplace(store_.poll_plan(), intake_->holds, clock_, loops_.fetch.executor(), log_, metrics_);
    forecast_.emplace(store_.poll_plan(), intake_->directory, clock_);
    jobs_.emplace(store_.jobs(), store_.job_reads(), *forecast_, intake_->directory, clock_, random_, [this] {
        if (polling_) polling_->changed();
    });
    desk_.emplace(intake_->directory, intake_->trials, intake_->holds, clock_, loops_.fetch.executor());
    if (!bus_) return;
    follower_.emplace(
        bus_->tail(), store_.latest_prices(), [this](Series const& series) { return newest(series); }, cache_, clock_, log_,
        metrics_, cache_follower_options(config_, store_.store_epoch()));
}

Result<std::optional<PricePoint>> Process::newest(Series const& series) {
    auto answer = net::co_spawn(loops_.fetch.executor(), store_.prices().latest(series), net::use_future);
    if (answer.wait_for(std::chrono::seconds(10)) != std::future_status::ready) return Error(ErrorCode::timeout, "no answer");
    try {
        return answer.get();
    } catch (std::future_error const&) {  // the fetch thread ended first
        return Error(ErrorCode::unavailable, "the process is stopping");
    }
}

void Process::add_modules() {
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

void Process::add_http() {
    http::Dependencies const dependencies{
        .threads = loops_.of_http(),
        .cache = cache_,
        .latest = *latest_,
        .jobs = *jobs_,
        .averages = *averages_,
        .points = store_.prices(),
        .providers = intake_->directory,
        .desk = *desk_,
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

void Process::prepare() {
    bool const reads_outbox = !bus_ && (averaging_ || retention_);
    if (reads_outbox) expect(store_.relay_cursor().retire(), "cannot read the outbox without a relay");
    if (latest_) {
        auto const warm = [this](PricePoint const& point) { cache_.offer(point); };
        expect(store_.latest_prices().for_each_latest(warm), "cannot read the latest prices");
    }
    if (intake_) seed();
}

void Process::seed() {
    loops_.fetch.start();
    JobSeeding const seeding{store_.jobs(), store_.job_reads(),   intake_->directory,
                             clock_,        config_.symbols.fold, config_.providers.default_name};
    auto const seeded = net::co_spawn(loops_.fetch.executor(), seed_jobs(seeding, config_.jobs), net::use_future).get();
    expect(seeded, "cannot create the jobs of the configuration");
    if (*seeded > 0) log_.info("jobs.created", {{"count", *seeded}});
    if (!kept_waits_) return;
    auto const recalled = net::co_spawn(loops_.fetch.executor(), kept_waits_->recall(), net::use_future).get();
    expect(recalled, "cannot read the waits that providers asked for");
}

void Process::fail(Error const& error, char const* otherwise) const {
    // A server comes back; what a file of ours cannot do now is nothing to wait for.
    bool const comes_back = config_.store.kind == StoreKind::postgresql && error.code == ErrorCode::unavailable;
    if (comes_back) throw StoreAway(error.message);
    throw std::runtime_error(fmt::format("{}: {}", otherwise, error.detail));
}

std::vector<std::pair<std::string, Health>> Process::health() const {
    std::vector<std::pair<std::string, Health>> all{{"store", store_.monitor().store_health()}};
    if (bus_) all.emplace_back("bus", bus_->health());
    for (auto const& module : modules_) all.emplace_back(module->name(), module->health());
    return all;
}

std::string Process::url() const {
    if (http_ == nullptr) return "";
    auto const& address = config_.http.address;
    return fmt::format("http://{}:{}", address.find(':') == address.npos ? address : "[" + address + "]", http_->port());
}

}  // namespace mds::app
