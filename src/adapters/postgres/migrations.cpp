#include "adapters/postgres/migrations.hpp"

#include "adapters/postgres/statements.hpp"

#include <mds/ports/store_away.hpp>

#include <embedded/postgres_migrations.hpp>

#include <stdexcept>

namespace mds::postgres {
namespace {

/// What a server may have got over when it is asked again.
bool passes(Fault fault) noexcept {
    switch (fault) {
        case Fault::away:
        case Fault::no_answer:
        case Fault::busy:
        case Fault::read_only:
        case Fault::too_many_connections:
        case Fault::disk_full:
        case Fault::resources: return true;
        default: return false;
    }
}

template <class T>
T must(Connection const& connection, Result<T> result) {
    if (!result) {
        if (passes(connection.last_fault())) throw StoreAway(result.error().message);
        throw std::runtime_error("cannot set up the store: " + result.error().message + " (" + result.error().detail + ")");
    }
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// In a transaction that holds the lock.
std::int64_t schema_version(Connection& connection) {
    Rows tables = must(connection, connection.ask(sql::meta::has_tables));
    tables.next();
    if (!tables.boolean(0)) {
        if (tables.boolean(1))
            throw std::runtime_error("the database's schema belongs to another program: it has tables, but not ours");
        return 0;
    }
    Rows version = must(connection, connection.ask(sql::meta::schema_version));
    return version.next() ? version.integer(0) : 0;
}

}  // namespace

int newest_schema() noexcept {
    return static_cast<int>(embedded::postgres_migrations.size());
}

void migrate(Connection& connection) {
    TransactionScope const scope(connection);
    connection.send(sql::begin);
    connection.send(sql::meta::lock_migrations);
    must(connection, connection.run());
    std::int64_t const found = schema_version(connection);
    if (found > newest_schema())
        throw std::runtime_error("the store has schema version " + std::to_string(found) + ", this program knows versions up to " +
                                 std::to_string(newest_schema()) + ": use the newer program");
    for (std::int64_t version = found; version < newest_schema(); ++version)
        must(connection,
             connection.script(std::string(embedded::postgres_migrations.at(static_cast<std::size_t>(version)).second)));
    if (found < newest_schema())
        must(connection, connection.script("UPDATE store_meta SET schema_version = " + std::to_string(newest_schema())));
    must(connection, connection.ask(sql::commit));
}

}  // namespace mds::postgres
