#pragma once

#include <mds/ports/event_source.hpp>

#include "adapters/kafka/client.hpp"
#include "adapters/kafka/record_reader.hpp"
#include "support/metrics.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace mds::kafka {

/// Every partition of the topic from its end on, for a reader that takes what was before from elsewhere: whoever reads the store
/// after PartitionsAssigned and then every record misses nothing. Said again, from new ends, whenever records may have been
/// missed: they were deleted unread, the topic was made anew, it has more partitions. No group is joined and no offset kept.
class KafkaTail final : public EventSource, private ClientEvents {
public:
    /// Throws std::runtime_error where a property is refused. Brokers need not be there yet.
    KafkaTail(Options options, support::Log log, support::Metrics& metrics);
    ~KafkaTail() override;
    KafkaTail(KafkaTail const&) = delete;
    KafkaTail& operator=(KafkaTail const&) = delete;

    Result<BusSignal> poll(std::size_t max_records, std::chrono::milliseconds wait) override;
    /// Not heeded: it begins by itself.
    void start(std::int32_t, std::int64_t) override {}
    void rejoin() override {}  ///< it shares with nobody
    void interrupt() noexcept override;
    bool carries(std::int32_t, std::string_view) const override { return true; }
    using ClientEvents::health;

private:
    Result<BusSignal> begin();
    Result<BusSignal> read(std::size_t max_records, std::chrono::milliseconds wait);
    Result<BusSignal> nothing();
    bool grown();

    Options options_;
    ClientHandle client_;
    std::int32_t partitions_ = 0;  ///< 0: to begin
    RecordReader reader_;
    std::chrono::steady_clock::time_point look_again_{};
    std::atomic<bool> interrupted_{false};
    prometheus::Counter& records_;
    prometheus::Counter& begun_;
};

}  // namespace mds::kafka
