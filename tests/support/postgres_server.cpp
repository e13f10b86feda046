#include "support/postgres_server.hpp"

#include "support/server_process.hpp"

#include <libpq-fe.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

namespace mds::test {
namespace {

namespace fs = std::filesystem;

/// The folder of initdb and postgres, the newest version; empty where there is none.
fs::path binaries() {
    fs::path newest;
    std::error_code none;
    for (auto const& version : fs::directory_iterator("/usr/lib/postgresql", none)) {
        auto const folder = version.path() / "bin";
        if (fs::exists(folder / "initdb") && fs::exists(folder / "postgres") && folder > newest) newest = folder;
    }
    return newest;
}

/// The server refuses to run as root: then somebody without rights owns it.
passwd const* unprivileged() {
    if (::geteuid() != 0) return nullptr;
    passwd const* user = ::getpwnam("postgres");
    if (user == nullptr) user = ::getpwnam("nobody");
    if (user == nullptr) throw std::runtime_error("no unprivileged user to run PostgreSQL");
    return user;
}

}  // namespace

PostgresShell::PostgresShell(std::string const& url) : connection_(PQconnectdb(url.c_str())) {
    PQsetNoticeReceiver(
        connection_, [](void*, PGresult const*) {}, nullptr);
}
PostgresShell::~PostgresShell() {
    PQfinish(connection_);
}

std::string PostgresShell::all(std::string const& sql) {
    std::unique_ptr<PGresult, decltype(&PQclear)> const result(PQexec(connection_, sql.c_str()), &PQclear);
    auto const status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) return std::string("error: ") + PQerrorMessage(connection_);
    std::string text;
    for (int row = 0; row < PQntuples(result.get()); ++row) {
        if (row > 0) text += '\n';
        for (int column = 0; column < PQnfields(result.get()); ++column)
            text.append(column > 0 ? "|" : "").append(PQgetvalue(result.get(), row, column));
    }
    return text;
}

std::int64_t PostgresShell::number(std::string const& sql) {
    auto const text = all(sql);
    if (text.empty() || text.find_first_not_of("-0123456789") != text.npos) throw std::runtime_error("no number: " + text);
    return std::stoll(text);
}

bool PostgresServer::installed() {
    return !binaries().empty();
}

PostgresServer::PostgresServer(std::vector<std::string> settings) : settings_(std::move(settings)) {
    if (!installed())
        throw std::runtime_error("skipped: no PostgreSQL server is installed (Debian: postgresql-15 or postgresql-17)");
    directory_ = scratch_directory("mds-postgres-");
    auto const* const user = unprivileged();
    if (user != nullptr && ::chown(directory_.c_str(), user->pw_uid, user->pw_gid) != 0)
        throw std::runtime_error("cannot give the scratch directory away");
    ::pid_t const child = spawn({(binaries() / "initdb").string(), "-D", directory_ + "/data", "-U", "mds", "-A", "trust", "-E",
                                 "UTF8", "--locale=C", "--no-sync"},
                                directory_ + "/initdb.log", SIGQUIT, user);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (status != 0) throw std::runtime_error("initdb failed, see " + directory_ + "/initdb.log");
    port_ = free_port();
    start();
}

PostgresServer::~PostgresServer() {
    stop();
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
}

std::string PostgresServer::url(std::string const& database) const {
    return "postgresql://mds@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

void PostgresServer::start() {
    std::vector<std::string> arguments{
        (binaries() / "postgres").string(), "-D", directory_ + "/data", "-p", std::to_string(port_), "-k", directory_};
    for (std::string const& setting : settings_) arguments.insert(arguments.end(), {"-c", setting});
    postmaster_ = spawn(arguments, directory_ + "/server.log", SIGQUIT, unprivileged());
    auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (PQping(url().c_str()) != PQPING_OK) {
        if (std::chrono::steady_clock::now() > limit || ::waitpid(postmaster_, nullptr, WNOHANG) != 0)
            throw std::runtime_error("the server did not start, see " + directory_ + "/server.log");
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

void PostgresServer::stop(bool immediate) {
    if (postmaster_ < 0) return;
    ::kill(postmaster_, immediate ? SIGQUIT : SIGINT);
    ::waitpid(postmaster_, nullptr, 0);
    postmaster_ = -1;
}

PostgresDatabase::PostgresDatabase() {
    if (char const* const given = std::getenv("MDS_TEST_POSTGRES"); given != nullptr && *given != '\0') {
        create(given);
        return;
    }
    static PostgresServer shared;
    create(shared.url());
}

PostgresDatabase::PostgresDatabase(PostgresServer& server) {
    create(server.url());
}

void PostgresDatabase::create(std::string const& server_url) {
    static std::atomic<int> count{0};
    admin_url_ = server_url;
    name_ = "mds_test_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
    PostgresShell shell(admin_url_);
    if (!shell.run("CREATE DATABASE " + name_)) throw std::runtime_error("cannot create a database on the test server");
    // The last dbname counts where a connection string has several; a URI has it before the question mark.
    auto const scheme = admin_url_.find("://");
    if (scheme == admin_url_.npos) {
        url_ = admin_url_ + " dbname=" + name_;
        return;
    }
    auto const options = std::min(admin_url_.find('?'), admin_url_.size());
    auto const slash = admin_url_.find('/', scheme + 3);
    url_ = admin_url_.substr(0, std::min(slash, options)) + "/" + name_ + admin_url_.substr(options);
}

PostgresDatabase::~PostgresDatabase() {
    PostgresShell(admin_url_).run("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
}

}  // namespace mds::test
