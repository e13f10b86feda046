#include "adapters/postgres/store.hpp"

#include "support/postgres_server.hpp"
#include "support/store_conformance.hpp"

namespace mds::test {
namespace {

class PostgresUnderTest final : public StoreUnderTest {
public:
    PostgresUnderTest() { open(); }
    IngestStore& ingest() override { return store_->ingest(); }
    PriceReads& prices() override { return store_->prices(); }
    AverageReads& averages() override { return store_->averages(); }
    LatestPrices& latest_prices() override { return store_->latest_prices(); }
    JobStore& jobs() override { return store_->jobs(); }
    JobReads& job_reads() override { return store_->job_reads(); }
    PollPlanStore& poll_plan() override { return store_->poll_plan(); }
    AveragingStore& averaging() override { return store_->averaging(); }
    SeriesHistory& series_history() override { return store_->series_history(); }
    RelayCursor& relay_cursor() override { return store_->relay_cursor(); }
    OutboxPruner& outbox_pruner() override { return store_->outbox_pruner(); }
    RawRetention& raw_retention() override { return store_->raw_retention(); }
    StoreMonitor& monitor() override { return store_->monitor(); }
    std::unique_ptr<OutboxLog> open_outbox() override { return store_->open_outbox(); }
    void reopen() override {
        store_.reset();
        open();
    }
    std::int64_t raw_rows() override { return PostgresShell(database_.url()).number("SELECT count(*) FROM raw_market_data"); }

private:
    void open() {
        postgres::StoreOptions options;
        options.url = database_.url();
        options.read_threads = 2;
        store_ = std::make_unique<postgres::Store>(options, support::Log::silent(), metrics_);
    }

    PostgresDatabase database_;
    support::Metrics metrics_;
    std::unique_ptr<postgres::Store> store_;
};

}  // namespace

std::unique_ptr<StoreUnderTest> make_store_under_test() {
    return std::make_unique<PostgresUnderTest>();
}

}  // namespace mds::test
