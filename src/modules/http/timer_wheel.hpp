#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace mds::http {

/// Base of what a TimerWheel holds.
struct WheelEntry {
    WheelEntry* previous = nullptr;
    WheelEntry* next = nullptr;
    std::uint64_t due = 0;     ///< tick at which it is to expire
    std::uint64_t filed = 0;   ///< tick under which it lies: due or earlier
};

/// Coarse deadlines for many entries. Moving one further away costs a store; only when its old time comes it is filed anew. Not
/// thread-safe. Holds every entry, so it is also the list of them.
class TimerWheel {
public:
    static constexpr std::chrono::milliseconds tick{100};

    TimerWheel() {
        for (auto& slot : slots_) slot.previous = slot.next = &slot;
    }
    TimerWheel(TimerWheel const&) = delete;
    TimerWheel& operator=(TimerWheel const&) = delete;

    std::uint64_t now() const noexcept { return now_; }
    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }

    void add(WheelEntry& entry, std::chrono::milliseconds after) noexcept {
        entry.due = due_in(after);
        file(entry);
        ++size_;
    }
    void remove(WheelEntry& entry) noexcept {
        unlink(entry);
        --size_;
    }
    void set(WheelEntry& entry, std::chrono::milliseconds after) noexcept {
        entry.due = due_in(after);
        if (entry.due >= entry.filed) return;
        unlink(entry);
        file(entry);
    }

    /// Goes one tick on. `expired(entry)` is told of each entry whose time has come; it sets a new one or removes the entry.
    template <class Expired>
    void advance(Expired&& expired) {
        ++now_;
        WheelEntry& slot = slots_[now_ % slot_count];
        // Taken out first: what `expired` files or removes must not disturb the walk.
        WheelEntry waiting;
        waiting.previous = waiting.next = &waiting;
        if (slot.next != &slot) {
            waiting.next = slot.next;
            waiting.previous = slot.previous;
            waiting.next->previous = waiting.previous->next = &waiting;
            slot.previous = slot.next = &slot;
        }
        while (waiting.next != &waiting) {
            WheelEntry& entry = *waiting.next;
            unlink(entry);
            file(entry);
            if (entry.due <= now_) expired(entry);
        }
    }

    /// Visits all; `visit` may remove the entry it is given, and no other.
    template <class Visit>
    void for_each(Visit&& visit) {
        for (auto& slot : slots_) {
            for (WheelEntry* entry = slot.next; entry != &slot;) {
                WheelEntry* const after = entry->next;
                visit(*entry);
                entry = after;
            }
        }
    }

private:
    static constexpr std::size_t slot_count = 1024;

    std::uint64_t due_in(std::chrono::milliseconds after) const noexcept {
        auto const ticks = (after + tick - std::chrono::milliseconds(1)) / tick;
        return now_ + (ticks < 1 ? 1 : static_cast<std::uint64_t>(ticks));
    }
    static void unlink(WheelEntry& entry) noexcept {
        entry.previous->next = entry.next;
        entry.next->previous = entry.previous;
    }
    void file(WheelEntry& entry) noexcept {
        std::uint64_t const furthest = now_ + slot_count - 1;
        entry.filed = entry.due <= now_ ? now_ + 1 : (entry.due < furthest ? entry.due : furthest);
        WheelEntry& slot = slots_[entry.filed % slot_count];
        entry.previous = slot.previous;
        entry.next = &slot;
        slot.previous->next = &entry;
        slot.previous = &entry;
    }

    std::array<WheelEntry, slot_count> slots_;
    std::uint64_t now_ = 0;
    std::size_t size_ = 0;
};

}  // namespace mds::http
