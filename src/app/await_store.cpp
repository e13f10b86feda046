#include "app/await_store.hpp"

#include "app/waiting_room.hpp"

#include <mds/ports/store_away.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <random>
#include <string>
#include <variant>

namespace mds::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_wait{100};
constexpr milliseconds longest_wait{5'000};

struct Away {
    std::string reason;
};
using Attempt = std::variant<std::unique_ptr<OpenStore>, Away>;

Attempt try_open(Config const& config, StopSignal& signal, support::Metrics& metrics, support::Log const& log) {
    try {
        return open_store(config, log, metrics, [&signal] { return signal.raised(); });
    } catch (StoreAway const& away) {
        return Away{away.what()};
    } catch (std::exception const& error) {
        log.error("store.open_failed", {{"error", error.what()}});
        return nullptr;
    }
}

}  // namespace

StoreStart await_store(Config const& config, StopSignal& signal, support::Metrics& metrics, support::Log const& log) {
    std::unique_ptr<WaitingRoom> room;
    bool const has_http = std::ranges::count(config.modules, "http") > 0;
    std::minstd_rand random(std::random_device{}());
    for (auto bound = first_wait;; bound = std::min(bound * 2, longest_wait)) {
        auto attempt = try_open(config, signal, metrics, log);
        StoreStart start;
        if (room) start.http_port = room->port();
        if (auto* const store = std::get_if<std::unique_ptr<OpenStore>>(&attempt)) {
            start.store = std::move(*store);
            start.code = start.store ? ExitCode::ok : ExitCode::store;
            return start;
        }
        if (signal.raised()) return start;
        auto const& reason = std::get<Away>(attempt).reason;
        milliseconds const wait(std::uniform_int_distribution<std::int64_t>(bound.count() / 2, bound.count())(random));
        log.warning("store.waiting", {{"error", reason}, {"next_try_ms", wait.count()}});
        if (!room && has_http) room = std::make_unique<WaitingRoom>(config, metrics, log);
        if (room) room->say(reason);
        if (signal.wait_for(wait)) return start;
    }
}

}  // namespace mds::app
