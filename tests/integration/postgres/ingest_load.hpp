#pragma once

#include "adapters/postgres/store.hpp"
#include "support/postgres_server.hpp"
#include "support/store_conformance.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace mds::test {

inline std::unique_ptr<postgres::Store> open_store(std::string const& url, support::Metrics& metrics) {
    postgres::StoreOptions options;
    options.url = url;
    options.read_threads = 1;
    options.statement_timeout = std::chrono::seconds(2);
    return std::make_unique<postgres::Store>(options, support::Log::silent(), metrics);
}

template <class Condition>
bool eventually(Condition condition) {
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
}

/// What is wrong with the numbering of points and events, as far as SQL can tell; empty: nothing.
inline std::string faults_of_numbering(std::string const& url) {
    PostgresShell shell(url);
    return shell.all(
        "SELECT 'hole or repeat in series ' || series_id FROM price_points GROUP BY series_id HAVING count(*) <> max(seq) OR "
        "min(seq) <> 1 "
        "UNION ALL SELECT 'last_seq of ' || id FROM series s WHERE last_seq <> (SELECT count(*) FROM price_points p WHERE "
        "p.series_id = s.id) "
        "UNION ALL SELECT 'outbox and head differ' WHERE (SELECT position FROM outbox_head) <> (SELECT count(*) FROM outbox) "
        "OR (SELECT count(*) FROM outbox) <> (SELECT coalesce(max(position), 0) FROM outbox) "
        "UNION ALL SELECT 'event without point, or twice' WHERE (SELECT count(*) FROM outbox) <> (SELECT count(DISTINCT p.id) FROM "
        "outbox o "
        "JOIN price_points p ON p.series_id = o.series_id AND p.seq = o.seq) "
        "UNION ALL SELECT 'point without event' WHERE (SELECT count(*) FROM price_points) <> (SELECT count(*) FROM outbox) "
        "UNION ALL SELECT 'point without raw row' FROM price_points p WHERE NOT EXISTS (SELECT FROM raw_market_data r WHERE r.id = "
        "p.raw_data_id)");
}

/// A writer that never gives up: each observation is sent again until the store has taken it.
class IngestLoad {
public:
    IngestLoad(postgres::Store& store, std::uint64_t first) : store_(store), next_(first), thread_([this] { run(); }) {}
    ~IngestLoad() { stop(); }
    IngestLoad(IngestLoad const&) = delete;
    IngestLoad& operator=(IngestLoad const&) = delete;

    /// Ends with the observation under way stored.
    void stop() {
        stopping_ = true;
        if (thread_.joinable()) thread_.join();
    }
    std::uint64_t acknowledged() const { return acknowledged_; }
    std::uint64_t refused() const { return refused_; }
    /// Ids of the points that were acknowledged, as SQL. Once stopped.
    std::string lost(std::string const& url) const {
        std::string values;
        for (std::string const& id : ids_) values.append(values.empty() ? "" : ",").append("('" + id + "'::uuid)");
        return PostgresShell(url).all("SELECT v.id FROM (VALUES " + values +
                                      ") v (id) WHERE NOT EXISTS (SELECT FROM price_points p WHERE p.id = v.id)");
    }

private:
    void run() {
        while (!stopping_) {
            std::vector<Observation> const batch{observation(next_, {{"AAPL", "1"}, {"MSFT", "2"}}),
                                                 observation(next_ + 1, {{"IBM", "3"}})};
            while (!store_.ingest().commit(batch)) {
                ++refused_;
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
            }
            for (Observation const& each : batch)
                for (SymbolResult const& result : each.results) ids_.push_back(result.quote()->point_id.to_string());
            next_ += 2;
            ++acknowledged_;
        }
    }

    postgres::Store& store_;
    std::uint64_t next_;
    std::vector<std::string> ids_;
    std::atomic<std::uint64_t> acknowledged_{0};
    std::atomic<std::uint64_t> refused_{0};
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace mds::test
