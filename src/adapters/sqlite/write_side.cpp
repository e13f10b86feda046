#include "adapters/sqlite/write_side.hpp"

#include "adapters/sqlite/migrations.hpp"

namespace mds::sqlite {
namespace {

/// Statements can be prepared once their tables are there.
Connection& migrated(Connection& connection) {
    migrate(connection);
    return connection;
}

}  // namespace

void WriteGate::lock() {
    std::unique_lock lock(mutex_);
    std::uint64_t const ticket = issued_++;
    next_.wait(lock, [&] { return serving_ == ticket; });
}

void WriteGate::unlock() {
    {
        std::lock_guard const lock(mutex_);
        ++serving_;
    }
    next_.notify_all();
}

WriteSide::WriteSide(ConnectionOptions const& options, int checkpoint_pages, Condition& condition, support::Metrics& metrics)
    : connection(options, Side::write, condition), series(migrated(connection)), checkpoints(connection, checkpoint_pages, metrics) {}

WriteTransaction::~WriteTransaction() {
    if (!committed_) side_.series.forget();
}

Result<void> WriteTransaction::commit() {
    side_.series.flush();
    auto done = transaction_.commit();
    committed_ = done.has_value();
    if (committed_) side_.checkpoints.run();
    return done;
}

}  // namespace mds::sqlite
