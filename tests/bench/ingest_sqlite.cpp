// What the store costs over SQLite itself: its group commit beside a bare loop of the same statements on the same schema.
// Usage: ingest_sqlite_bench ours|bare DIRECTORY [commits] [observations per commit] [series]
// Prints one line of JSON.

#include "adapters/sqlite/store.hpp"

#include <sqlite3.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace mds;

struct Load {
    int commits = 300;
    int per_commit = 100;
    int series = 200;
    std::string directory;
};

std::string const body(300, 'x');
constexpr std::int64_t start_us = 1'700'000'000'000'000;

struct Spent {
    double wall;
    double cpu;
};

template <class Work>
Spent measure(Work work) {
    auto const cpu_now = [] {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        auto const seconds = [](timeval t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
        return seconds(usage.ru_utime) + seconds(usage.ru_stime);
    };
    double const cpu = cpu_now();
    auto const begin = std::chrono::steady_clock::now();
    work();
    return {std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), cpu_now() - cpu};
}

void print(Load const& load, Spent spent) {
    std::printf(R"({"events":%lld,"seconds":%.6f,"cpu":%.6f})"
                "\n",
                static_cast<long long>(load.commits) * load.per_commit, spent.wall, spent.cpu);
}

std::string symbol_of(int number) {
    return "SYM" + std::to_string(number);
}
Uuid uuid_of(std::int64_t n, std::uint64_t kind) {
    return Uuid::v7(UtcTime(std::chrono::microseconds(start_us + n * 10)), static_cast<std::uint64_t>(n),
                    kind * 1'000'003U + static_cast<std::uint64_t>(n));
}

/// So many commits until every series has a point. They come before the measured ones, in both loops.
int first_commits(Load const& load) {
    return (load.series + load.per_commit - 1) / load.per_commit;
}

/// The batches from one commit to another. Made outside the measured time.
std::vector<std::vector<Observation>> batches(Load const& load, int from, int to) {
    std::vector<std::vector<Observation>> all;
    std::int64_t n = std::int64_t{from} * load.per_commit;
    for (int c = from; c < to; ++c) {
        auto& batch = all.emplace_back();
        for (int i = 0; i < load.per_commit; ++i, ++n) {
            Observation& fetched = batch.emplace_back();
            auto const symbol = Symbol::parse(symbol_of(static_cast<int>(n % load.series))).value();
            UtcTime const now(std::chrono::microseconds(start_us + n * 10));
            fetched.raw_id = uuid_of(n, 1);
            fetched.provider = "simulated";
            fetched.symbols.push_back(symbol);
            fetched.answer.emplace();
            fetched.answer->body = body;
            fetched.fetched_at = now;
            Quote const quote(uuid_of(n, 2), Price::from_units((Int128(100 + n % 100) * 1'000'000'000'000'000'000)), now,
                              TimeSource::quote);
            fetched.results.emplace_back(symbol, quote);
        }
    }
    return all;
}

class Bare {
public:
    explicit Bare(std::string const& path) {
        check(sqlite3_open(path.c_str(), &db_));
        run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-4096; "
            "PRAGMA temp_store=MEMORY");
    }
    ~Bare() {
        for (sqlite3_stmt* each : statements_) sqlite3_finalize(each);
        sqlite3_close(db_);
    }
    Bare(Bare const&) = delete;
    Bare& operator=(Bare const&) = delete;

    void run(char const* sql) { check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }
    sqlite3_stmt* prepare(char const* sql) {
        sqlite3_stmt* statement = nullptr;
        check(sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
        statements_.push_back(statement);
        return statement;
    }
    void step(sqlite3_stmt* statement) {
        if (sqlite3_step(statement) != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(db_));
        sqlite3_reset(statement);
    }

private:
    void check(int code) {
        if (code != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(db_));
    }
    sqlite3* db_ = nullptr;
    std::vector<sqlite3_stmt*> statements_;
};

/// Fixed values where ours come from objects; the rows have the same sizes.
void bare_loop(Bare& db, Load const& load, int from, int to) {
    auto* const raw = db.prepare(
        "INSERT INTO raw_market_data (id, provider, symbols, http_status, content_type, body, truncated, fetched_at, duration, "
        "cause, "
        "attempt, group_id, tick_due) VALUES (?1, 'simulated', '[\"SYM100\"]', NULL, '', ?2, 0, ?3, 0, 'schedule', 1, NULL, NULL) "
        "ON CONFLICT (id) DO NOTHING");
    auto* const point = db.prepare(
        "INSERT INTO price_points (series_id, seq, id, price, timestamp, fetched_at, raw_data_id, time_source, currency) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, 0, NULL)");
    auto* const outbox = db.prepare("INSERT INTO outbox (position, series_id, seq) VALUES (?1, ?2, ?3)");
    auto* const series =
        db.prepare("UPDATE series SET last_seq = ?2, max_fetched = ?3, polled_at = ?3, poll_duration = 0 WHERE id = ?1");
    auto* const head = db.prepare("UPDATE outbox_head SET position = ?1 WHERE id = 1");
    std::int64_t n = std::int64_t{from} * load.per_commit;
    for (int c = from; c < to; ++c) {
        db.run("BEGIN IMMEDIATE");
        for (int i = 0; i < load.per_commit; ++i, ++n) {
            Uuid const raw_id = uuid_of(n, 1);
            Uuid const id = uuid_of(n, 2);
            sqlite3_bind_blob(raw, 1, raw_id.bytes.data(), 16, SQLITE_STATIC);
            sqlite3_bind_blob(raw, 2, body.data(), static_cast<int>(body.size()), SQLITE_STATIC);
            sqlite3_bind_int64(raw, 3, start_us + n * 10);
            db.step(raw);
            sqlite3_bind_int64(point, 1, n % load.series + 1);
            sqlite3_bind_int64(point, 2, n / load.series + 1);
            sqlite3_bind_blob(point, 3, id.bytes.data(), 16, SQLITE_STATIC);
            sqlite3_bind_text(point, 4, "150", 3, SQLITE_STATIC);
            sqlite3_bind_int64(point, 5, start_us + n * 10);
            sqlite3_bind_blob(point, 6, raw_id.bytes.data(), 16, SQLITE_STATIC);
            db.step(point);
            sqlite3_bind_int64(outbox, 1, n + 1);
            sqlite3_bind_int64(outbox, 2, n % load.series + 1);
            sqlite3_bind_int64(outbox, 3, n / load.series + 1);
            db.step(outbox);
            sqlite3_bind_int64(series, 1, n % load.series + 1);
            sqlite3_bind_int64(series, 2, n / load.series + 1);
            sqlite3_bind_int64(series, 3, start_us + n * 10);
            db.step(series);
        }
        sqlite3_bind_int64(head, 1, n);
        db.step(head);
        db.run("COMMIT");
    }
}

void ours(Load const& load) {
    support::Metrics metrics;
    sqlite::StoreOptions options;
    options.directory = load.directory;
    sqlite::Store store(options, support::Log::silent(), metrics);
    auto const commit = [&](std::vector<std::vector<Observation>> const& all) {
        for (auto const& batch : all)
            if (!store.ingest().commit(batch)) throw std::runtime_error("commit failed");
    };
    int const first = first_commits(load);
    commit(batches(load, 0, first));
    auto const measured = batches(load, first, first + load.commits);
    print(load, measure([&] { commit(measured); }));
}

void bare(Load const& load) {
    support::Metrics metrics;
    sqlite::StoreOptions options;
    options.directory = load.directory;
    sqlite::Store(options, support::Log::silent(), metrics);  // the schema
    Bare db(options.directory + "/mds.db");
    db.run("BEGIN");
    for (int i = 0; i < load.series; ++i)
        db.run(("INSERT INTO series (symbol, provider) VALUES ('" + symbol_of(i) + "', 'simulated')").c_str());
    db.run("COMMIT");
    int const first = first_commits(load);
    bare_loop(db, load, 0, first);
    print(load, measure([&] { bare_loop(db, load, first, first + load.commits); }));
}

}  // namespace

int main(int argc, char** argv) {
    std::string_view const who = argc > 2 ? argv[1] : "";
    if (who != "ours" && who != "bare") {
        std::fprintf(stderr, "usage: %s ours|bare DIRECTORY [commits] [observations per commit] [series]\n", argv[0]);
        return 2;
    }
    Load load;
    load.directory = argv[2];
    if (argc > 3) load.commits = std::atoi(argv[3]);
    if (argc > 4) load.per_commit = std::atoi(argv[4]);
    if (argc > 5) load.series = std::atoi(argv[5]);
    try {
        who == "ours" ? ours(load) : bare(load);
    } catch (std::exception const& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
}
