#pragma once

#include <mds/ports/task.hpp>

#include "adapters/redis/address.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct redisReader;
struct redisReply;

namespace mds::redis {

/// One connection to a server. Commands go out in the order given, as many as there are at once; replies come in that order.
/// hiredis writes and reads the protocol, Asio moves the bytes: hiredis' own event loop interface resolves names in the calling
/// thread and frees its contexts by itself, at different moments in 0.14 and 1.2 (docs/adr/0009-redis-and-leases.md).
/// I/O thread only. Held by shared_ptr: operations under way keep it alive.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    /// nullptr: the connection ended, and nobody knows whether the server did it.
    using OnReply = std::function<void(redisReply const*)>;

    explicit Connection(IoExecutor executor);
    ~Connection();
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;

    /// Looks the name up and connects; close() ends it. Empty, or why not.
    Awaitable<std::string> open(Address const& address);
    /// Reads replies until the connection ends or close() is called, then tells every command without a reply. Returns why.
    Awaitable<std::string> serve();
    void send(std::span<std::string_view const> words, OnReply on_reply);
    /// The first reason counts.
    void close(std::string reason) noexcept;

private:
    using Socket = net::basic_stream_socket<net::ip::tcp, IoExecutor>;
    using Resolver = net::ip::basic_resolver<net::ip::tcp, IoExecutor>;

    void write_on();
    bool take_replies(std::size_t received);

    Socket socket_;
    Resolver resolver_;
    std::unique_ptr<redisReader, void (*)(redisReader*)> reader_;
    std::array<char, 16 * 1024> input_{};
    std::string waiting_;  // bytes of commands that are not on their way yet
    std::string writing_;
    bool write_under_way_ = false;
    bool closed_ = false;
    std::string reason_;
    std::deque<OnReply> pending_;
};

}  // namespace mds::redis
