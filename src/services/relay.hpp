#pragma once

#include <mds/ports/clock.hpp>
#include <mds/ports/event_publisher.hpp>
#include <mds/ports/ingest_store.hpp>
#include <mds/ports/outbox.hpp>
#include <mds/ports/relay_cursor.hpp>

#include "services/step_retry.hpp"
#include "support/log.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace mds::support {
class Metrics;
}

namespace mds {

struct RelayOptions {
    std::size_t max_batch = 1000;               ///< entries read at once, and delivered ones that move the cursor at once
    std::chrono::milliseconds move_every{50};   ///< the cursor over fewer of them: what a crash makes come twice
    std::size_t max_under_way = 20'000;         ///< entries handed to the bus and not acknowledged
    std::chrono::milliseconds look_every{20};   ///< for what other processes committed
    std::chrono::milliseconds report_wait{20};  ///< for acknowledgements, while there is nothing to hand over
    std::chrono::milliseconds lease{15'000};    ///< how long the cursor stays ours without a sign of life
    std::chrono::milliseconds renew_every{5'000};
    std::chrono::milliseconds patience{10'000};      ///< from then on we take the cursor for lost: two thirds of the lease
    std::chrono::milliseconds stalled_after{5'000};  ///< without an acknowledgement: not healthy
    std::chrono::milliseconds backlog_every{1'000};  ///< between two looks at how far behind we are
    std::chrono::milliseconds retry_min{50};
    std::chrono::milliseconds retry_max{5'000};
};

/// Publishes the outbox in its order. The cursor moves over events that were acknowledged, and only over those: whatever fails, the
/// rest is dropped and begun again at the cursor, so an event may be repeated, but none is skipped and none overtaken. One relay
/// holds the cursor at a time; the lease's term guards the cursor, not the bus, which a former holder can only repeat events to.
///
/// A state machine without a thread: call step() again and again, on one thread. committed() and interrupt(): any thread.
class Relay final : public CommitListener {
public:
    /// `owner`: unique to this process. All arguments outlive it and are used by its thread alone while it runs.
    Relay(OutboxLog& log, RelayCursor& cursor, EventPublisher& bus, Clock& clock, std::string owner, support::Log lines,
          support::Metrics& metrics, RelayOptions options = {});
    ~Relay() override;

    /// One step. How long to wait before the next one; 0 mostly, since waiting happens inside.
    std::chrono::milliseconds step();
    /// Wakes a step that waits, and lets none wait from then on.
    void interrupt() noexcept;
    /// Waits a second for what is under way, which would be published twice otherwise, and gives the cursor back, so that another
    /// relay goes on at once. After the last step, on the same thread or a later one.
    void release() noexcept;

    /// True while store and bus do their part. Any thread.
    bool healthy() const noexcept { return retry_.healthy(); }

    void committed(std::span<PricePoint const> points) noexcept override;

private:
    struct Counts;

    std::chrono::milliseconds claim();
    Result<std::size_t> hand_over();
    Result<std::size_t> skip_pruned();
    Result<void> collect(std::chrono::milliseconds wait);
    bool worth_a_move() const;
    Result<void> move_cursor();
    std::chrono::milliseconds failed(char const* what, Error const& error);
    void start_again(bool keep_claim);
    void count_repeats(std::int64_t first, std::size_t count);
    void wait_for_news();
    void judge();
    void look_at_backlog();
    std::int64_t acknowledged() const noexcept { return claim_->next + acknowledged_; }

    OutboxLog& log_;
    RelayCursor& cursor_;
    EventPublisher& bus_;
    Clock& clock_;
    std::string owner_;
    support::Log lines_;
    RelayOptions options_;
    std::unique_ptr<Counts> counts_;

    std::optional<RelayClaim> claim_;
    std::int64_t read_ = 1;           ///< the next position to read
    std::vector<OutboxEvent> ready_;  ///< read, and refused by a full bus
    std::size_t handed_ = 0;          ///< of `ready_`
    std::int64_t under_way_ = 0;
    std::int64_t acknowledged_ = 0;  ///< beyond the cursor
    std::int64_t highest_ = 0;       ///< position that was ever handed over: up to it an event is a repeat
    SteadyTime renewed_{};           ///< the lease, by every move as well
    SteadyTime progressed_{};
    SteadyTime looked_{};
    StepRetry retry_;

    std::mutex mutex_;
    std::condition_variable wake_;
    bool news_ = true;
    bool interrupted_ = false;
};

}  // namespace mds
