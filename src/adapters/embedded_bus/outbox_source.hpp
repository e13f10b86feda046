#pragma once

#include <mds/ports/event_source.hpp>
#include <mds/ports/ingest_store.hpp>
#include <mds/ports/outbox.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>

namespace mds::embedded_bus {

/// The bus of a single process: the outbox table itself, read by position, as the one partition 0. It is as durable as the store,
/// so nothing is published twice or lost. Commits of this process wake it; for those of others it looks every `look_every`.
class OutboxSource final : public EventSource, public CommitListener {
public:
    /// `log` outlives it and is used by the polling thread alone.
    explicit OutboxSource(OutboxLog& log, std::chrono::milliseconds look_every = std::chrono::milliseconds(20))
        : log_(log), look_every_(look_every) {}

    /// Errors: as the log's.
    Result<BusSignal> poll(std::size_t max_records, std::chrono::milliseconds wait) override;
    void start(std::int32_t partition, std::int64_t offset) override;
    /// The one partition is assigned again: the outbox has no other reader.
    void rejoin() override { assigned_ = false; }
    /// From then on no poll waits.
    void interrupt() noexcept override;

    bool carries(std::int32_t, std::string_view) const override { return true; }  ///< there is only one

    void committed(std::span<PricePoint const> points) noexcept override;

private:
    Result<BusSignal> read(std::size_t max_records);
    Result<BusSignal> lost();
    void wait_for_news(std::chrono::milliseconds wait);
    void expect_news() noexcept;

    OutboxLog& log_;
    std::chrono::milliseconds look_every_;
    bool assigned_ = false;
    std::optional<std::int64_t> next_;  ///< position; none before start()

    std::mutex mutex_;
    std::condition_variable wake_;
    bool news_ = true;  ///< the log may hold more than was read
    bool interrupted_ = false;
};

}  // namespace mds::embedded_bus
