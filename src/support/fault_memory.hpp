#pragma once

#include "support/log.hpp"
#include "support/metrics.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>

namespace mds::support {

/// What a kind of fault says about the store that it came from.
enum class FaultBearing {
    request,  ///< nothing: what was asked of it was at fault
    repeat,   ///< nothing: what was to be written is there already, from a try whose end was not known
    passing,  ///< nothing lasting: a matter between writers, the next try is free
    outage,   ///< out of order until a later call works
    damage,   ///< out of order until an operator mends it and starts anew, even where other calls still work
};

/// Static data: remembered by address.
struct FaultKind {
    char const* text;   ///< one line for clients and /readyz
    char const* label;  ///< of the metric
    FaultBearing bearing;
};

/// Which side of the store was used.
enum class Side { read, write };

/// How a store was when it was last used. Reads and writes are remembered apart: a full disk can still be read. Any thread.
class FaultMemory {
public:
    /// `metric`: the name of the counter of failed calls, and its help text.
    FaultMemory(Log log, Metrics& metrics, std::string metric, std::string help);

    void worked(Side side) noexcept;
    void failed(Side side, FaultKind const& kind, std::string const& detail);
    /// What the store suffers from, writes before reads; null: nothing. Lock-free.
    FaultKind const* suffered() const noexcept;

    /// Blocks while there is nothing that a later try may find mended. False: stop() was called.
    bool wait_for_fault();
    /// Sleeps between two tries. False: stop() was called.
    bool pause();
    /// Nobody uses the store any more: what is still asked of it is to give up, and is no fault of the store.
    void stop() noexcept;
    bool stopped() const noexcept { return stopped_.load(std::memory_order_relaxed); }

private:
    using Slot = std::atomic<FaultKind const*>;
    Slot& of(Side side) noexcept { return side == Side::read ? read_ : write_; }

    Log log_;
    Metrics& metrics_;
    std::string metric_;
    std::string help_;
    Slot read_{nullptr};
    Slot write_{nullptr};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::atomic<bool> stopped_{false};
};

}  // namespace mds::support
