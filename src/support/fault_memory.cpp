#include "support/fault_memory.hpp"

#include <chrono>
#include <utility>

namespace mds::support {
namespace {

constexpr std::chrono::milliseconds mend_interval{500};

bool may_mend(FaultKind const* kind) noexcept {
    return kind != nullptr && kind->bearing != FaultBearing::damage;
}

}  // namespace

FaultMemory::FaultMemory(Log log, Metrics& metrics, std::string metric, std::string help)
    : log_(std::move(log)), metrics_(metrics), metric_(std::move(metric)), help_(std::move(help)) {}

FaultKind const* FaultMemory::suffered() const noexcept {
    FaultKind const* const write = write_.load(std::memory_order_relaxed);
    return write != nullptr ? write : read_.load(std::memory_order_relaxed);
}

void FaultMemory::worked(Side side) noexcept {
    FaultKind const* before = of(side).load(std::memory_order_relaxed);
    if (!may_mend(before) || !of(side).compare_exchange_strong(before, nullptr)) return;
    log_.info("store.recovered", {{"side", side == Side::read ? "read" : "write"}});
}

void FaultMemory::failed(Side side, FaultKind const& kind, std::string const& detail) {
    if (stopped()) return;
    metrics_.counter(metric_, help_, {{"kind", kind.label}}).Increment();
    if (kind.bearing == FaultBearing::request) return log_.error("store.refused", {{"kind", kind.label}, {"detail", detail}});
    if (kind.bearing == FaultBearing::repeat) return log_.info("store.repeated", {{"kind", kind.label}, {"detail", detail}});
    if (kind.bearing == FaultBearing::passing) return log_.warning("store.busy", {{"kind", kind.label}, {"detail", detail}});
    FaultKind const* before = nullptr;
    {
        std::lock_guard const lock(mutex_);
        before = of(side).load();
        if (before == nullptr || may_mend(before)) of(side).store(&kind);
    }
    changed_.notify_all();
    if (before != &kind) log_.error("store.failed", {{"kind", kind.label}, {"detail", detail}});
}

bool FaultMemory::wait_for_fault() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopped_ || may_mend(write_.load()) || may_mend(read_.load()); });
    return !stopped_;
}

bool FaultMemory::pause() {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, mend_interval, [this] { return stopped(); });
}

void FaultMemory::stop() noexcept {
    {
        std::lock_guard const lock(mutex_);
        stopped_ = true;
    }
    changed_.notify_all();
}

}  // namespace mds::support
