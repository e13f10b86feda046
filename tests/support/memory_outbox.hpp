#pragma once

#include <mds/ports/outbox.hpp>

#include <mutex>
#include <vector>

namespace mds::testing {

/// An outbox in memory. Any thread.
class MemoryOutbox final : public OutboxLog {
public:
    /// Entries before this position are pruned.
    std::int64_t first = 1;
    bool away = false;
    int reads = 0;

    void append(PricePoint point) { append(PriceEvent(std::move(point), 0)); }
    void append(std::variant<PriceEvent, DeadLetter> content) {
        std::lock_guard const lock(mutex_);
        entries_.emplace_back(static_cast<std::int64_t>(entries_.size()) + 1, std::move(content));
    }

    Result<std::vector<OutboxEvent>> read(std::int64_t from, std::size_t max) override {
        std::lock_guard const lock(mutex_);
        ++reads;
        if (away) return Error(ErrorCode::unavailable, "away");
        if (from < first) return Error(ErrorCode::not_found, "pruned");
        std::vector<OutboxEvent> found;
        for (auto const& entry : entries_) {
            if (entry.position >= from && found.size() < max) found.push_back(entry);
        }
        return found;
    }

    Result<std::int64_t> head() override {
        std::lock_guard const lock(mutex_);
        return static_cast<std::int64_t>(entries_.size());
    }

private:
    std::mutex mutex_;
    std::vector<OutboxEvent> entries_;
};

}  // namespace mds::testing
