#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

struct redisContext;

namespace mds::test {

/// A session of the test's own, as an operator's redis-cli is.
class RedisShell {
public:
    /// Throws std::runtime_error where nobody answers.
    RedisShell(std::string const& host, int port);

    /// The reply as text; integers in digits, none as "(nil)", an error as "error: ...".
    std::string run(std::vector<std::string> const& words);

private:
    std::unique_ptr<redisContext, void (*)(redisContext*)> context_;
};

/// A throw-away Redis server on a free port, in memory alone. Ended by its process id, and by the kernel where the test dies.
class RedisServer {
public:
    /// `settings`: further arguments, as {"--requirepass", "secret"}. Throws std::runtime_error, which begins with "skipped:" where
    /// there is no server to be had.
    explicit RedisServer(std::vector<std::string> settings = {});
    ~RedisServer();
    RedisServer(RedisServer const&) = delete;
    RedisServer& operator=(RedisServer const&) = delete;

    static bool installed();
    int port() const noexcept { return port_; }
    RedisShell shell() const { return RedisShell("127.0.0.1", port_); }

    void start();
    void kill();  ///< -9; everything in it is gone
    void freeze();
    void thaw();

private:
    std::string directory_;
    std::vector<std::string> settings_;
    int port_ = 0;
    ::pid_t process_ = -1;
};

}  // namespace mds::test
