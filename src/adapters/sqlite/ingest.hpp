#pragma once

#include <mds/ports/ingest_store.hpp>

#include "adapters/sqlite/write_side.hpp"
#include "support/metrics.hpp"

#include <string>

namespace mds::sqlite {

class IngestWriter final : public IngestStore {
public:
    IngestWriter(WriteSide& side, support::Metrics& metrics);
    Result<IngestReceipt> commit(std::span<Observation const> batch) override;
    /// Raw row and point of another program's event, inside the caller's write transaction.
    void write_foreign(Observation const& observation);

private:
    /// False: it was stored before.
    bool write(Observation const& observation, std::vector<PricePoint>& points);
    bool write_raw(Observation const& observation, std::optional<std::int64_t> group);
    bool write_point(Observation const& observation, Symbol const& symbol, Quote const& quote, std::vector<PricePoint>& points);
    bool write_reject(Observation const& observation, Symbol const& symbol, Reject const& reject,
                      std::optional<std::int64_t> group);
    std::optional<std::int64_t> group_id(Observation const& observation);
    void read_back(Observation const& observation, std::vector<PricePoint>& points);
    std::int64_t outbox_head();

    WriteSide& side_;
    Connection& connection_;
    Statement insert_raw_;
    Statement insert_point_;
    Statement insert_reject_;
    Statement insert_outbox_;
    Statement read_head_;
    Statement write_head_;
    Statement group_;
    Statement new_group_;
    Statement settle_;
    Statement stored_point_;
    prometheus::Counter& repeated_;
    std::int64_t head_ = 0;
    std::string text_;  ///< reused from row to row
};

}  // namespace mds::sqlite
