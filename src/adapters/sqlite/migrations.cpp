#include "adapters/sqlite/migrations.hpp"

#include <embedded/migrations.hpp>

#include <stdexcept>
#include <string>

namespace mds::sqlite {
namespace {

std::int64_t number(Connection& connection, char const* sql) {
    Statement statement(connection, sql);
    auto rows = statement.query();
    return rows.next() ? rows.integer(0) : 0;
}

std::int64_t schema_version(Connection& connection) {
    if (number(connection, "SELECT count(*) FROM sqlite_schema WHERE name = 'store_meta'") == 1)
        return number(connection, "SELECT schema_version FROM store_meta");
    if (number(connection, "SELECT count(*) FROM sqlite_schema") > 0)
        throw std::runtime_error("the store's file belongs to another program: it has tables, but not ours");
    return 0;
}

}  // namespace

int newest_schema() noexcept {
    return static_cast<int>(embedded::migrations.size());
}

void migrate(Connection& connection) {
    Transaction transaction(connection);
    std::int64_t const found = schema_version(connection);
    if (found > newest_schema())
        throw std::runtime_error("the store has schema version " + std::to_string(found) + ", this program knows versions up to " +
                                 std::to_string(newest_schema()) + ": use the newer program");
    for (std::int64_t version = found; version < newest_schema(); ++version)
        connection.execute(std::string(embedded::migrations.at(static_cast<std::size_t>(version)).second).c_str());
    if (found < newest_schema()) {
        std::string const done = "UPDATE store_meta SET schema_version = " + std::to_string(newest_schema());
        connection.execute(done.c_str());
    }
    if (auto const committed = transaction.commit(); !committed)
        throw std::runtime_error("cannot set up the store: " + committed.error().message + " (" + committed.error().detail + ")");
}

}  // namespace mds::sqlite
