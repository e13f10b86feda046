#pragma once

#include <mds/ports/store.hpp>

#include "support/log.hpp"
#include "support/metrics.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace mds::sqlite {

enum class Durability;

struct StoreOptions {
    std::string directory;  ///< made where it is missing; holds mds.db and mds.lock
    std::size_t read_threads = 2;
    int checkpoint_pages = 1000;  ///< pages of 4 KiB that the write-ahead log may hold before they move into the file
    std::string vfs;              ///< for tests of what a disk can do; empty: SQLite's own
    Durability durability = {};   ///< full, except in the test that shows why
};

/// The embedded store: one file, one process, every port. A lock on the directory keeps a second process out.
/// Construct after, and destroy before, the I/O threads whose coroutines call it. The ports live as long as the store.
class Store final : public mds::Store {
public:
    /// Opens or makes the file and brings its schema up to date. Throws std::runtime_error with a text for people.
    Store(StoreOptions const& options, support::Log log, support::Metrics& metrics);
    ~Store() override;

    std::unique_ptr<OutboxLog> open_outbox() override;
    int schema_version() const noexcept override;
    std::int64_t store_epoch() const override;
    std::int64_t raise_epoch() override;
    std::size_t replay_dead_letters(std::string_view error_class) override;
    std::string name() const override;

private:
    struct Parts;
    explicit Store(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace mds::sqlite
