#include "app/wiring.hpp"

#include "app/exit_deadline.hpp"
#include "app/loops.hpp"
#include "app/module_options.hpp"
#include "app/open_store.hpp"
#include "app/process.hpp"
#include "app/store_wait.hpp"

#include <mds/ports/store_away.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <utility>

namespace mds::app {
namespace {

/// None, with the reason in the log, where it cannot be opened.
std::unique_ptr<OpenStore> try_open_store(Config const& config, support::Metrics& metrics, support::Log const& log) {
    try {
        return open_store(config, log, metrics);
    } catch (std::exception const& error) {
        log.error("store.open_failed", {{"error", error.what()}});
        return nullptr;
    }
}

/// Beyond `shutdown.grace`: for closing connections and files, and joining threads.
constexpr std::chrono::seconds time_to_take_down{3};

/// One try. Throws StoreAway where the store is not to be had, or is lost before the modules start.
ExitCode try_to_serve(Config& config, codec::Catalogue catalogue, std::string const& config_path, StopSignal& signal,
                      StoreWait& wait, support::Metrics& metrics, support::Log const& log) {
    config.http.port = wait.http_port();
    ExitDeadline end(log);
    Loops loops(std::ranges::count(config.modules, "http") > 0 ? http_threads(config) : 0);
    std::unique_ptr<OpenStore> store;
    try {
        store = open_store(config, log, metrics, [&signal] { return signal.raised(); });
    } catch (StoreAway const&) {
        throw;
    } catch (std::exception const& error) {
        log.error("store.open_failed", {{"error", error.what()}});
        return ExitCode::store;
    }
    Process process(config, std::move(catalogue), loops, *store, metrics, log);
    process.prepare();
    config.jobs = std::vector<JobSeed>();  // they are the store's now, and may be long
    wait.end();
    return end.arm(process.run(signal, config_path), time_to_take_down);
}

}  // namespace

ExitCode serve(Config config, codec::Catalogue const& catalogue, std::string const& config_path, StopSignal& signal,
               support::Log const& log) {
    support::Metrics metrics;
    try {
        StoreWait wait(config, signal, metrics, log);
        for (;;) {
            try {
                return try_to_serve(config, catalogue, config_path, signal, wait, metrics, log);
            } catch (StoreAway const& away) {
                if (!wait.pause(away.what())) return ExitCode::ok;
            }
        }
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

ExitCode replay_dead_letters(Config const& config, std::string const& error_class, support::Log const& log) {
    if (config.bus.kind != BusKind::kafka) {
        log.error("replay.no_topic",
                  {{"advice", "dead letters come from, and go back to, a topic of Kafka: bus.kind is embedded"}});
        return ExitCode::usage;
    }
    support::Metrics metrics;
    auto const store = try_open_store(config, metrics, log);
    if (!store) return ExitCode::store;
    log.info("replay.handed_to_relay", {{"dead_letters", store->replay_dead_letters(error_class)}});
    return ExitCode::ok;
}

}  // namespace mds::app
