#pragma once
// What every store must do, written against the ports alone: an adapter's test program links store_conformance*.cpp and defines
// make_store_under_test().

#include <mds/ports/store.hpp>

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
    virtual Store& store() = 0;
    IngestStore& ingest() { return store().ingest(); }
    PriceReads& prices() { return store().prices(); }
    AverageReads& averages() { return store().averages(); }
    LatestPrices& latest_prices() { return store().latest_prices(); }
    JobStore& jobs() { return store().jobs(); }
    JobReads& job_reads() { return store().job_reads(); }
    PollPlanStore& poll_plan() { return store().poll_plan(); }
    AveragingStore& averaging() { return store().averaging(); }
    SeriesHistory& series_history() { return store().series_history(); }
    RelayCursor& relay_cursor() { return store().relay_cursor(); }
    OutboxPruner& outbox_pruner() { return store().outbox_pruner(); }
    RawRetention& raw_retention() { return store().raw_retention(); }
    StoreMonitor& monitor() { return store().monitor(); }
    std::unique_ptr<OutboxLog> open_outbox() { return store().open_outbox(); }
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
