#include "app/store_wait.hpp"

#include <algorithm>

namespace mds::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_wait{100};
constexpr milliseconds longest_wait{5'000};

}  // namespace

StoreWait::StoreWait(Config const& config, StopSignal& signal, support::Metrics& metrics, support::Log const& log)
    : config_(config),
      signal_(signal),
      metrics_(metrics),
      log_(log),
      http_port_(config.http.port),
      bound_(first_wait),
      random_(std::random_device{}()) {}

bool StoreWait::pause(std::string const& reason) {
    if (signal_.raised()) return false;
    milliseconds const wait(std::uniform_int_distribution<std::int64_t>(bound_.count() / 2, bound_.count())(random_));
    bound_ = std::min(bound_ * 2, longest_wait);
    log_.warning("store.waiting", {{"error", reason}, {"next_try_ms", wait.count()}});
    if (!room_ && std::ranges::count(config_.modules, "http") > 0) {
        room_ = std::make_unique<WaitingRoom>(config_, metrics_, log_);
        http_port_ = room_->port();
    }
    if (room_) room_->say(reason);
    return !signal_.wait_for(wait);
}

std::uint16_t StoreWait::http_port() const {
    return http_port_;
}

void StoreWait::end() {
    room_.reset();
}

}  // namespace mds::app
