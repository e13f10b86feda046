#pragma once

#include <mds/domain/dead_letter.hpp>
#include <mds/domain/error.hpp>
#include <mds/domain/event.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

namespace mds {

/// An entry of the outbox: a log with dense positions 1, 2, 3 ..., whose order is the order of commit. Prices go to the topic,
/// dead letters to the topic of dead letters.
struct OutboxEvent {
    std::int64_t position = 0;
    std::variant<PriceEvent, DeadLetter> content;
    bool replayed = false;  ///< of a dead letter: it goes back to the topic of events, as it came

    OutboxEvent(std::int64_t at, std::variant<PriceEvent, DeadLetter> c) : position(at), content(std::move(c)) {}
    PriceEvent const* price() const noexcept { return std::get_if<PriceEvent>(&content); }
    DeadLetter const* dead_letter() const noexcept { return std::get_if<DeadLetter>(&content); }
};

/// Reading the log. Blocking; each reader has an instance of its own.
class OutboxLog {
public:
    virtual ~OutboxLog() = default;
    /// Up to `max` entries from `first` on, without holes. Empty: nothing there yet.
    /// not_found: entries from `first` on were pruned; the points are the truth, read the series instead.
    virtual Result<std::vector<OutboxEvent>> read(std::int64_t first, std::size_t max) = 0;
    /// The last position given, 0: none.
    virtual Result<std::int64_t> head() = 0;
};

/// Keeps the log short. Blocking, one caller.
class OutboxPruner {
public:
    virtual ~OutboxPruner() = default;
    /// Removes up to `max` entries that are below every cursor and were written before `older_than`; how many it removed.
    virtual Result<std::size_t> prune(UtcTime older_than, std::size_t max) = 0;
};

/// Ageing of raw rows (`retention.raw`). Blocking, one caller. Points and averages stay.
class RawRetention {
public:
    virtual ~RawRetention() = default;
    virtual Result<std::size_t> prune_raw(UtcTime older_than, std::size_t max) = 0;
};

}  // namespace mds
