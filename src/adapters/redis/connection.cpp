#include "adapters/redis/connection.hpp"

#include "support/offload.hpp"

#include <hiredis/hiredis.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace mds::redis {
namespace {

/// Whoever answers with more than this unasked speaks another protocol: our replies are an entry at most.
constexpr std::size_t max_unread = 64 * 1024;

using ReplyHolder = std::unique_ptr<redisReply, void (*)(redisReply*)>;

void free_reply(redisReply* reply) {
    freeReplyObject(reply);
}

}  // namespace

Connection::Connection(IoExecutor executor)
    : socket_(executor), resolver_(executor), reader_(redisReaderCreate(), &redisReaderFree) {}

Connection::~Connection() = default;

Awaitable<std::string> Connection::open(Address const& address) {
    auto const keep = shared_from_this();
    auto const [unknown, endpoints] = co_await resolver_.async_resolve(address.host, address.port, support::as_result);
    if (closed_) co_return reason_;
    if (unknown) co_return "cannot look the name up: " + unknown.message();
    auto const [refused, endpoint] = co_await net::async_connect(socket_, endpoints, support::as_result);
    if (closed_) co_return reason_;
    if (refused) co_return "cannot connect: " + refused.message();
    boost::system::error_code ignored;
    socket_.set_option(net::ip::tcp::no_delay(true), ignored);
    socket_.set_option(net::socket_base::keep_alive(true), ignored);
    co_return std::string();
}

Awaitable<std::string> Connection::serve() {
    auto const keep = shared_from_this();
    while (!closed_) {
        auto const buffer = net::buffer(input_);
        auto const [failed, received] = co_await socket_.async_read_some(buffer, support::as_result);
        if (closed_) break;
        if (failed)
            close("the connection ended: " + failed.message());
        else if (!take_replies(received))
            close("what came is not the protocol of Redis");
    }
    auto const unanswered = std::exchange(pending_, {});
    for (auto const& on_reply : unanswered) on_reply(nullptr);
    co_return reason_;
}

/// False: these bytes are no replies to what was asked.
bool Connection::take_replies(std::size_t received) {
    if (redisReaderFeed(reader_.get(), input_.data(), received) != REDIS_OK) return false;
    while (!closed_) {
        void* parsed = nullptr;
        if (redisReaderGetReply(reader_.get(), &parsed) != REDIS_OK) return false;
        ReplyHolder const reply(static_cast<redisReply*>(parsed), &free_reply);
        if (!reply) return reader_->len - reader_->pos <= max_unread;
        if (pending_.empty()) return false;
        auto const on_reply = std::move(pending_.front());
        pending_.pop_front();
        on_reply(reply.get());
    }
    return true;
}

void Connection::send(std::span<std::string_view const> words, OnReply on_reply) {
    if (closed_) return on_reply(nullptr);
    std::vector<char const*> starts;
    std::vector<std::size_t> sizes;
    for (auto const word : words) {
        starts.push_back(word.data());
        sizes.push_back(word.size());
    }
    char* text = nullptr;
    auto const size = redisFormatCommandArgv(&text, static_cast<int>(words.size()), starts.data(), sizes.data());
    if (size < 0) return on_reply(nullptr);
    waiting_.append(text, static_cast<std::size_t>(size));
    redisFreeCommand(text);
    pending_.push_back(std::move(on_reply));
    write_on();
}

/// One write at a time; what is sent meanwhile goes with the next.
void Connection::write_on() {
    if (write_under_way_ || waiting_.empty() || closed_) return;
    write_under_way_ = true;
    writing_.clear();
    writing_.swap(waiting_);
    net::async_write(socket_, net::buffer(writing_), [keep = shared_from_this()](boost::system::error_code failed, std::size_t) {
        keep->write_under_way_ = false;
        if (failed) return keep->close("cannot write: " + failed.message());
        keep->write_on();
    });
}

void Connection::close(std::string reason) noexcept {
    if (closed_) return;
    closed_ = true;
    reason_ = std::move(reason);
    resolver_.cancel();
    boost::system::error_code ignored;
    socket_.close(ignored);
}

}  // namespace mds::redis
