#pragma once
// What every store must do, written against the ports alone: an adapter's test program links store_conformance*.cpp and defines
// make_store_under_test().

#include <mds/ports/averaging_store.hpp>
#include <mds/ports/ingest_store.hpp>
#include <mds/ports/job_store.hpp>
#include <mds/ports/outbox.hpp>
#include <mds/ports/poll_plan.hpp>
#include <mds/ports/price_reads.hpp>
#include <mds/ports/relay_cursor.hpp>
#include <mds/ports/store_monitor.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mds::test {

/// An empty store.
class StoreUnderTest {
public:
    virtual ~StoreUnderTest() = default;
    virtual IngestStore& ingest() = 0;
    virtual PriceReads& prices() = 0;
    virtual AverageReads& averages() = 0;
    virtual LatestPrices& latest_prices() = 0;
    virtual JobStore& jobs() = 0;
    virtual JobReads& job_reads() = 0;
    virtual PollPlanStore& poll_plan() = 0;
    virtual AveragingStore& averaging() = 0;
    virtual SeriesHistory& series_history() = 0;
    virtual RelayCursor& relay_cursor() = 0;
    virtual OutboxPruner& outbox_pruner() = 0;
    virtual RawRetention& raw_retention() = 0;
    virtual StoreMonitor& monitor() = 0;
    virtual std::unique_ptr<OutboxLog> open_outbox() = 0;
    /// As a process that ends and starts again. References to ports and logs are void after it.
    virtual void reopen() = 0;
    /// Raw rows in the store.
    virtual std::int64_t raw_rows() = 0;

    /// Runs a coroutine of a port to its end.
    template <class T>
    Result<T> run(Task<T> task) {
        std::optional<Result<T>> result;
        std::exception_ptr thrown;
        boost::asio::co_spawn(loop_, std::move(task), [&](std::exception_ptr failure, Result<T> value) {
            thrown = failure;
            result.emplace(std::move(value));
        });
        loop_.restart();
        loop_.run();
        if (thrown) std::rethrow_exception(thrown);
        return *std::move(result);
    }

protected:
    StoreUnderTest() = default;

private:
    boost::asio::io_context loop_{1};  ///< outlives the derived class's store and its pools
};

std::unique_ptr<StoreUnderTest> make_store_under_test();

// Shorthand for test data. Identifiers are numbered, times count seconds from a fixed day.
UtcTime at(std::int64_t seconds);
Uuid uuid(std::uint64_t number);
Symbol symbol(std::string const& text);
Series series(std::string const& text, std::string const& provider = "simulated");

/// An answered fetch: one point per price, ids counted from `number` * 1000 on.
struct Quoted {
    std::string symbol;
    std::string price;  ///< empty: a reject
};
Observation observation(std::uint64_t number, std::vector<Quoted> const& quotes, std::int64_t fetched_at = 0,
                        std::string const& provider = "simulated");
/// A fetch without an answer: every symbol rejected as timeout.
Observation unanswered(std::uint64_t number, std::vector<std::string> const& symbols, std::int64_t fetched_at = 0,
                       std::string const& provider = "simulated");
Job job(std::string const& id, std::vector<std::string> const& symbols, std::int64_t created_at = 0);
/// The store's points of a series by seq.
std::vector<PricePoint> all_points(StoreUnderTest& store, Series const& of);
/// Commits, and fails the test where that fails.
IngestReceipt ingest(StoreUnderTest& store, std::vector<Observation> const& batch);

}  // namespace mds::test
