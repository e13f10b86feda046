#pragma once

#include <mds/ports/outbox.hpp>

#include "adapters/postgres/connection.hpp"
#include "support/metrics.hpp"

namespace mds::postgres {

class OutboxReader final : public OutboxLog {
public:
    OutboxReader(ConnectionOptions const& options, Condition& condition) : connection_(options, Side::read, condition) {}
    Result<std::vector<OutboxEvent>> read(std::int64_t first, std::size_t max) override;
    Result<std::int64_t> head() override;

private:
    Result<void> fill_in_letters(std::vector<OutboxEvent>& events);

    Connection connection_;
};

/// OutboxPruner and RawRetention: both remove rows from the old end of a table, a bounded number at a time.
class Pruner final : public OutboxPruner, public RawRetention {
public:
    Pruner(ConnectionOptions const& options, Condition& condition, support::Metrics& metrics);
    Result<std::size_t> prune(UtcTime older_than, std::size_t max) override;
    Result<std::size_t> prune_raw(UtcTime older_than, std::size_t max) override;

private:
    Connection connection_;
    prometheus::Counter& pruned_events_;
    prometheus::Counter& pruned_raw_;
};

/// What Store::replay_dead_letters() is, some of them in a transaction each.
Result<std::size_t> append_dead_letters(Connection& connection, std::string_view error_class);

}  // namespace mds::postgres
