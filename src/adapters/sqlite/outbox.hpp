#pragma once

#include <mds/ports/outbox.hpp>

#include "adapters/sqlite/write_side.hpp"
#include "support/metrics.hpp"

#include <optional>

namespace mds::sqlite {

class OutboxReader final : public OutboxLog {
public:
    OutboxReader(ConnectionOptions const& options, Condition& condition);
    Result<std::vector<OutboxEvent>> read(std::int64_t first, std::size_t max) override;
    Result<std::int64_t> head() override;

private:
    std::int64_t number(Statement& statement);
    std::optional<OutboxEvent> dead_letter(std::int64_t position);

    Connection connection_;
    Statement events_;
    Statement letter_;
    Statement letter_headers_;
    Statement head_;
    Statement epoch_;
};

/// OutboxPruner and RawRetention: both remove rows from the old end of a table.
class Pruner final : public OutboxPruner, public RawRetention {
public:
    Pruner(WriteSide& side, support::Metrics& metrics);
    Result<std::size_t> prune(UtcTime older_than, std::size_t max) override;
    Result<std::size_t> prune_raw(UtcTime older_than, std::size_t max) override;

private:
    WriteSide& side_;
    Statement outbox_;
    Statement raw_;
    Statement outcomes_;
    prometheus::Counter& pruned_events_;
    prometheus::Counter& pruned_raw_;
};

/// What Store::replay_dead_letters() is.
Result<std::size_t> append_dead_letters(WriteSide& side, std::string_view error_class);

}  // namespace mds::sqlite
