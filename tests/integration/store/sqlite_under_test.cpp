#include "integration/store/sqlite_under_test.hpp"

#include "support/store_conformance.hpp"

namespace mds::test {

std::string Shell::all(std::string const& sql) {
    sqlite3_stmt* statement = nullptr;
    std::string text;
    if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK)
        return std::string("error: ") + sqlite3_errmsg(db_);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        if (!text.empty()) text += '\n';
        for (int column = 0; column < sqlite3_column_count(statement); ++column) {
            if (column > 0) text += '|';
            if (auto const* const value = sqlite3_column_text(statement, column)) text += reinterpret_cast<char const*>(value);
        }
    }
    sqlite3_finalize(statement);
    return text;
}

std::string Shell::one(std::string const& sql) {
    return all("SELECT * FROM (" + sql + ") LIMIT 1");
}

namespace {

class SqliteUnderTest final : public StoreUnderTest {
public:
    SqliteUnderTest() { open(); }
    Store& store() override { return *store_; }
    void reopen() override {
        store_.reset();
        open();
    }
    std::int64_t raw_rows() override { return Shell(directory_.database()).number("SELECT count(*) FROM raw_market_data"); }

private:
    void open() {
        sqlite::StoreOptions options;
        options.directory = directory_.path();
        store_ = std::make_unique<sqlite::Store>(options, support::Log::silent(), metrics_);
    }

    ScratchDirectory directory_;
    support::Metrics metrics_;
    std::unique_ptr<sqlite::Store> store_;
};

}  // namespace

std::unique_ptr<StoreUnderTest> make_store_under_test() {
    return std::make_unique<SqliteUnderTest>();
}

}  // namespace mds::test
