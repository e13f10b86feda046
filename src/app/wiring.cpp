#include "app/wiring.hpp"

#include "app/await_store.hpp"
#include "app/loops.hpp"
#include "app/module_options.hpp"
#include "app/open_store.hpp"
#include "app/process.hpp"

#include <algorithm>
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

}  // namespace

ExitCode serve(Config const& config, codec::Catalogue catalogue, std::string const& config_path, StopSignal& signal,
               support::Log const& log) {
    support::Metrics metrics;
    Loops loops(std::ranges::count(config.modules, "http") > 0 ? http_threads(config) : 0);
    try {
        auto const start = await_store(config, signal, metrics, log);
        if (!start.store) return start.code;
        Config ready = config;
        ready.http.port = start.http_port.value_or(config.http.port);
        return Process(ready, std::move(catalogue), loops, *start.store, metrics, log).run(signal, config_path);
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
