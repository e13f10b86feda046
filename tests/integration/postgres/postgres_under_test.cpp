#include "adapters/postgres/store.hpp"

#include "support/postgres_server.hpp"
#include "support/store_conformance.hpp"

namespace mds::test {
namespace {

class PostgresUnderTest final : public StoreUnderTest {
public:
    PostgresUnderTest() { open(); }
    Store& store() override { return *store_; }
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
