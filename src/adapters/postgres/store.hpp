#pragma once

#include <mds/ports/store.hpp>

#include "support/log.hpp"
#include "support/metrics.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace mds::postgres {

struct StoreOptions {
    std::string url;               ///< URI or keyword=value text, as libpq takes it
    std::size_t read_threads = 4;  ///< and as many connections
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds statement_timeout{8000};
    std::function<bool()> give_up;  ///< while the store is being opened: true ends it, by StoreAway
};

/// The store on a PostgreSQL server, of which any number of processes may be writers: every port. A few connections: one for
/// ingest, one for the consumer, one per outbox reader, one for pruning, one for jobs, `read_threads` for requests; each is made
/// when it is first used, and again when it was lost. Construct after, and destroy before, the I/O threads whose coroutines call
/// it. The ports live as long as the store.
class Store final : public mds::Store {
public:
    /// Connects and brings the schema up to date. Throws StoreAway where the server is not there, full, read-only, or busy;
    /// std::runtime_error where it refuses us or holds a schema that is not ours, or newer. Both with a text for people.
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

}  // namespace mds::postgres
