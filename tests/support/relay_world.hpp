#pragma once
// Fakes for the relay: a cursor as the stores keep it, and a bus whose producer queues, acknowledges late and fails.

#include <mds/ports/event_publisher.hpp>
#include <mds/ports/relay_cursor.hpp>

#include "support/averaging_world.hpp"
#include "support/manual_clock.hpp"

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace mds::testing {

class FakeRelayCursor final : public RelayCursor {
public:
    explicit FakeRelayCursor(test::ManualClock& clock) : clock_(clock) {}

    std::function<Fault()> fault = [] { return Fault::none; };
    RelayClaim held;
    std::string owner;
    SteadyTime expires{};
    bool went_back = false;

    Result<std::optional<RelayClaim>> claim(std::string_view who, std::chrono::milliseconds ttl) override {
        if (fault() != Fault::none) return away();
        if (who != owner && clock_.steady_now() < expires) return std::optional<RelayClaim>();
        owner = who;
        expires = clock_.steady_now() + ttl;
        ++held.term;
        return std::optional<RelayClaim>(held);
    }

    Result<void> advance(RelayClaim const& claim, std::int64_t next, std::chrono::milliseconds ttl) override {
        auto const how = fault();
        if (how == Fault::unavailable) return away();
        if (claim.term != held.term || claim.next != held.next) return Error(ErrorCode::fenced, "not yours");
        went_back = went_back || next < held.next;
        held.next = next;
        expires = clock_.steady_now() + ttl;
        if (how == Fault::applied_but_unknown) return away();
        return {};
    }

    Result<void> retire() override { return {}; }

private:
    static Error away() { return Error(ErrorCode::unavailable, "the store is away"); }

    test::ManualClock& clock_;
};

/// The topic: what every producer brought there, in order. Positions of the outbox.
using FakeTopic = std::vector<OutboxEvent>;

class FakePublisher final : public EventPublisher {
public:
    explicit FakePublisher(FakeTopic& topic) : topic_(topic) {}

    std::size_t room = 100;
    bool away = false;
    /// How many of those under way reach the topic in this call, and whether their acknowledgements come back with it.
    std::function<std::size_t()> arriving = [] { return std::size_t{1000}; };
    std::function<bool()> fails = [] { return false; };
    int abandoned = 0;
    int interrupts = 0;

    Result<std::size_t> enqueue(std::span<OutboxEvent const> events) override {
        if (away) return Error(ErrorCode::unavailable, "no brokers");
        auto const taken = std::min(events.size(), room - std::min(room, queue_.size() + arrived_));
        queue_.insert(queue_.end(), events.begin(), events.begin() + static_cast<std::ptrdiff_t>(taken));
        return taken;
    }

    DeliveryReport delivered(std::chrono::milliseconds) override {
        DeliveryReport report;
        for (auto count = std::min(arriving(), queue_.size()); count > 0; --count) {
            topic_.push_back(queue_.front());
            queue_.pop_front();
            ++arrived_;
        }
        if (fails()) {
            report.delivered = arrived_ / 2;  // the other half is on the topic, but nobody will ever say so
            report.failure = Error(ErrorCode::unavailable, "gave up");
            abandon();
            return report;
        }
        report.delivered = std::exchange(arrived_, 0);
        return report;
    }

    void interrupt() noexcept override { ++interrupts; }

    void abandon() override {
        ++abandoned;
        queue_.clear();
        arrived_ = 0;
    }

private:
    FakeTopic& topic_;
    std::deque<OutboxEvent> queue_;
    std::size_t arrived_ = 0;  ///< on the topic, not yet reported
};

}  // namespace mds::testing
