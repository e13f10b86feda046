#include "adapters/embedded_bus/outbox_source.hpp"

#include <algorithm>
#include <utility>

namespace mds::embedded_bus {
namespace {

constexpr std::int32_t the_partition = 0;
constexpr std::int64_t first_position = 1;

}  // namespace

Result<BusSignal> OutboxSource::poll(std::size_t max_records, std::chrono::milliseconds wait) {
    if (!std::exchange(assigned_, true)) return BusSignal(PartitionsAssigned{{the_partition}});
    wait_for_news(std::min(wait, look_every_));
    if (!next_) return BusSignal(NothingYet{});
    return read(max_records);
}

Result<BusSignal> OutboxSource::read(std::size_t max_records) {
    auto entries = log_.read(*next_, max_records);
    if (!entries) {
        expect_news();
        if (entries.error().code == ErrorCode::not_found) return lost();
        return entries.error();
    }
    if (entries->empty()) return BusSignal(NothingYet{});
    if (entries->size() >= max_records) expect_news();
    PartitionRecords run;
    run.partition = the_partition;
    run.records.reserve(entries->size());
    for (auto& entry : *entries)
        if (auto* const price = std::get_if<PriceEvent>(&entry.content))
            run.records.emplace_back(entry.position, std::move(*price));
    next_ = entries->back().position + 1;
    if (run.records.empty()) return BusSignal(NothingYet{});  // dead letters, from when a broker carried the events
    RecordsRead read;
    read.runs.push_back(std::move(run));
    return BusSignal(std::move(read));
}

/// The log does not tell where it begins now, and need not: the points behind all of it are in the store, from which the reader
/// mends what was lost, so it goes on at the end.
Result<BusSignal> OutboxSource::lost() {
    auto const head = log_.head();
    if (!head) return head.error();
    RecordsLost lost;
    lost.partition = the_partition;
    lost.wanted = *next_;
    lost.available = *head + 1;
    next_.reset();
    return BusSignal(lost);
}

void OutboxSource::start(std::int32_t, std::int64_t offset) {
    next_ = std::max(offset, first_position);
    expect_news();
}

void OutboxSource::wait_for_news(std::chrono::milliseconds wait) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, wait, [this] { return news_ || interrupted_; });
    news_ = false;
}

void OutboxSource::expect_news() noexcept {
    std::lock_guard const lock(mutex_);
    news_ = true;
}

void OutboxSource::committed(std::span<PricePoint const>) noexcept {
    expect_news();
    wake_.notify_one();
}

void OutboxSource::interrupt() noexcept {
    {
        std::lock_guard const lock(mutex_);
        interrupted_ = true;
    }
    wake_.notify_one();
}

}  // namespace mds::embedded_bus
