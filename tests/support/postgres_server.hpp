#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct pg_conn;

namespace mds::test {

/// A session of the test's own, as an operator's psql is.
class PostgresShell {
public:
    explicit PostgresShell(std::string const& url);
    ~PostgresShell();
    PostgresShell(PostgresShell const&) = delete;
    PostgresShell& operator=(PostgresShell const&) = delete;

    /// Columns joined by '|', rows by '\n'; an error as "error: ...".
    std::string all(std::string const& sql);
    std::int64_t number(std::string const& sql);
    bool run(std::string const& sql) { return all(sql).rfind("error:", 0) != 0; }

private:
    pg_conn* connection_;
};

/// A throw-away PostgreSQL server: a data directory of its own, a Unix socket and a free TCP port, and everything as safe as in
/// production (fsync on). Ended by its process id, and by the kernel where the test dies.
class PostgresServer {
public:
    /// Throws std::runtime_error, which begins with "skipped:" where there is no server to be had.
    explicit PostgresServer(std::vector<std::string> settings = {});
    ~PostgresServer();
    PostgresServer(PostgresServer const&) = delete;
    PostgresServer& operator=(PostgresServer const&) = delete;

    /// Whether Debian's package postgresql-15 or -17 is there.
    static bool installed();
    std::string url(std::string const& database = "postgres") const;
    /// As after `pg_ctl -m immediate`: no checkpoint, all sessions cut; or orderly.
    void stop(bool immediate = true);
    void start();

private:
    std::string directory_;
    std::vector<std::string> settings_;
    int port_ = 0;
    ::pid_t postmaster_ = -1;
};

/// An empty database on the server that MDS_TEST_POSTGRES names, or on one that is started for this test program. Gone at the end.
class PostgresDatabase {
public:
    PostgresDatabase();
    explicit PostgresDatabase(PostgresServer& server);
    ~PostgresDatabase();
    PostgresDatabase(PostgresDatabase const&) = delete;
    PostgresDatabase& operator=(PostgresDatabase const&) = delete;

    std::string const& url() const noexcept { return url_; }

private:
    void create(std::string const& server_url);

    std::string admin_url_;
    std::string name_;
    std::string url_;
};

}  // namespace mds::test
