#include "support/redis_server.hpp"

#include "support/server_process.hpp"

#include <hiredis/hiredis.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <thread>

namespace mds::test {
namespace {

constexpr char const* program = "/usr/bin/redis-server";

bool answers(int port) {
    try {
        auto const said = RedisShell("127.0.0.1", port).run({"PING"});
        return said == "PONG" || said.starts_with("error: NOAUTH");
    } catch (std::runtime_error const&) {
        return false;
    }
}

}  // namespace

RedisShell::RedisShell(std::string const& host, int port) : context_(redisConnect(host.c_str(), port), &redisFree) {
    if (!context_ || context_->err != 0) throw std::runtime_error("no Redis server answers");
}

std::string RedisShell::run(std::vector<std::string> const& words) {
    std::vector<char const*> starts;
    std::vector<std::size_t> sizes;
    for (auto const& word : words) {
        starts.push_back(word.data());
        sizes.push_back(word.size());
    }
    auto* const raw = redisCommandArgv(context_.get(), static_cast<int>(words.size()), starts.data(), sizes.data());
    if (raw == nullptr) return std::string("error: ") + context_->errstr;
    std::unique_ptr<redisReply, decltype(&freeReplyObject)> const holder(static_cast<redisReply*>(raw), &freeReplyObject);
    redisReply const& reply = *holder;
    if (reply.type == REDIS_REPLY_INTEGER) return std::to_string(reply.integer);
    if (reply.type == REDIS_REPLY_NIL) return "(nil)";
    auto const text = reply.str == nullptr ? std::string() : std::string(reply.str, reply.len);
    return reply.type == REDIS_REPLY_ERROR ? "error: " + text : text;
}

bool RedisServer::installed() {
    return ::access(program, X_OK) == 0;
}

RedisServer::RedisServer(std::vector<std::string> settings) : settings_(std::move(settings)) {
    if (!installed()) throw std::runtime_error("skipped: no Redis server is installed (Debian: redis-server)");
    directory_ = scratch_directory("mds-redis-");
    port_ = free_port();
    start();
}

RedisServer::~RedisServer() {
    kill();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

void RedisServer::start() {
    std::vector<std::string> arguments{program,        "--port", std::to_string(port_),    "--bind", "127.0.0.1", "--save",  "",
                                       "--appendonly", "no",     "--enable-debug-command", "yes",    "--dir",     directory_};
    arguments.insert(arguments.end(), settings_.begin(), settings_.end());
    process_ = spawn(std::move(arguments), directory_ + "/server.log", SIGKILL);
    auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!answers(port_)) {
        if (std::chrono::steady_clock::now() > limit || ::waitpid(process_, nullptr, WNOHANG) != 0)
            throw std::runtime_error("the server did not start, see " + directory_ + "/server.log");
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

void RedisServer::kill() {
    if (process_ < 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
}

void RedisServer::freeze() {
    ::kill(process_, SIGSTOP);
}

void RedisServer::thaw() {
    ::kill(process_, SIGCONT);
}

}  // namespace mds::test
