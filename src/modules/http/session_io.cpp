#include "modules/http/sessions.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

namespace mds::http {
namespace {

/// Refused connections that wait for their peer to read the 503; beyond it they are closed at once.
constexpr std::size_t max_refused_open = 64;

}  // namespace

Connection::~Connection() {
    if (fd >= 0) ::close(fd);
}

Sessions::~Sessions() {
    std::vector<Connection*> open;
    wheel_.for_each([&open](WheelEntry& entry) { open.push_back(static_cast<Connection*>(&entry)); });
    for (Connection* connection : open) close(*connection);
}

void Sessions::open(int fd, Peer const& peer, bool admitted) {
    ConnectionPtr const connection(new Connection(fd, peer, admitted, EPOLLIN));
    if (!epoll_.add(fd, EPOLLIN, connection.get())) {
        if (admitted) peers_.release(peer);
        return;
    }
    intrusive_ptr_add_ref(connection.get());  // the wheel's; given back by close()
    wheel_.add(*connection, draining_ ? options_.deadlines.drain_grace : options_.deadlines.idle);
    counts_.connections_opened.add(1);
    if (admitted) return;
    counts_.connections_refused.add(1);
    ++refused_open_;
    out_ = refusal();
    connection->close_after = true;
    flush(*connection);
    if (refused_open_ > max_refused_open) return close(*connection);
    settle(*connection);
}

void Sessions::on_events(Connection& connection, std::uint32_t events) {
    ConnectionPtr const held(&connection);
    look_at_clock();
    switch (connection.phase) {
        case Phase::reading: read(connection); break;
        case Phase::answering:
            if ((events & (EPOLLERR | EPOLLHUP)) != 0) return close(connection);
            return listen_for(connection, 0);  // pipelined requests wait in the kernel until this one is answered
        case Phase::writing:
            if ((events & EPOLLERR) != 0) return close(connection);
            flush_rest(connection);
            break;
        case Phase::lingering: discard(connection); break;
        case Phase::closed: break;
    }
    count_at_once();
}

void Sessions::read(Connection& connection) {
    auto const got = ::recv(connection.fd, received_.data(), received_.size(), MSG_DONTWAIT);
    if (got == 0) return close(connection);
    if (got < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) close(connection);
        return;
    }
    std::string_view const fresh(received_.data(), static_cast<std::size_t>(got));
    if (connection.input.empty()) {
        std::size_t const used = process(connection, fresh);
        if (used < fresh.size() && !connection.close_after) connection.input = fresh.substr(used);
        flush(connection);
        settle(connection);
    } else {
        connection.input += fresh;
        resume(connection);
    }
}

/// Goes on with what was read before.
void Sessions::resume(Connection& connection) {
    std::string pending = std::exchange(connection.input, std::string());
    std::size_t const used = process(connection, pending);
    if (used < pending.size() && !connection.close_after) {
        pending.erase(0, used);
        connection.input = std::move(pending);
    }
    flush(connection);
    settle(connection);
}

/// Sends what is waiting. False: not all of it went, the rest is kept with the connection.
bool Sessions::flush(Connection& connection) {
    if (connection.phase == Phase::closed) {
        out_.clear();
        return false;
    }
    if (!connection.output.empty()) {
        connection.output += out_;
        out_.clear();
    }
    bool const fresh = connection.output.empty();
    std::string_view const bytes = fresh ? std::string_view(out_) : std::string_view(connection.output).substr(connection.output_sent);
    if (bytes.empty()) return true;
    auto const sent = ::send(connection.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        out_.clear();
        close(connection);
        return false;
    }
    auto const gone = sent < 0 ? 0 : static_cast<std::size_t>(sent);
    bool const all = gone == bytes.size();
    if (all) {
        if (!fresh) connection.output = std::string();
        connection.output_sent = 0;
    } else if (fresh) {
        connection.output = bytes.substr(gone);
    } else {
        connection.output_sent += gone;
    }
    // A large answer must not make the thread's buffer large for good.
    if (out_.capacity() > 256 * 1024) out_ = std::string();
    out_.clear();
    if (!all && connection.phase == Phase::reading) connection.phase = Phase::writing;
    if (!all && connection.phase == Phase::writing && (connection.interest & EPOLLOUT) == 0) {
        listen_for(connection, EPOLLOUT);
        wheel_.set(connection, options_.deadlines.write);
    }
    return all;
}

void Sessions::flush_rest(Connection& connection) {
    if (!flush(connection)) return;
    connection.phase = Phase::reading;
    resume(connection);
}

/// At the end of each event: what is waited for next, and until when.
void Sessions::settle(Connection& connection) {
    if (connection.phase == Phase::answering) return wheel_.set(connection, options_.deadlines.answer);
    if (connection.phase != Phase::reading) return;
    if (connection.close_after) return linger(connection);
    listen_for(connection, EPOLLIN);
    if (connection.body) return;
    if (connection.input.empty()) {
        connection.timing = false;
        connection.looked_at = 0;
        wheel_.set(connection, draining_ ? options_.deadlines.drain_grace : options_.deadlines.idle);
    } else if (!connection.timing) {
        connection.timing = true;
        wheel_.set(connection, options_.deadlines.header);
    }
}

/// Closing a socket with unread bytes resets it, and a reset can overtake the answer: shut our side and read on for a while.
void Sessions::linger(Connection& connection) {
    connection.phase = Phase::lingering;
    connection.input = std::string();
    connection.body.reset();
    ::shutdown(connection.fd, SHUT_WR);
    listen_for(connection, EPOLLIN);
    wheel_.set(connection, options_.deadlines.linger);
}

void Sessions::discard(Connection& connection) {
    constexpr int reads_per_event = 16;
    for (int i = 0; i < reads_per_event; ++i) {
        auto const got = ::recv(connection.fd, received_.data(), received_.size(), MSG_DONTWAIT);
        if (got > 0) continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
        return close(connection);
    }
}

void Sessions::close(Connection& connection) {
    if (connection.phase == Phase::closed) return;
    connection.phase = Phase::closed;
    epoll_.remove(connection.fd);
    ::close(std::exchange(connection.fd, -1));
    wheel_.remove(connection);
    counts_.connections_closed.add(1);
    if (connection.counted) {
        peers_.release(connection.peer);
    } else {
        --refused_open_;
    }
    intrusive_ptr_release(&connection);
}

void Sessions::tick() {
    wheel_.advance([this](WheelEntry& entry) { expired(static_cast<Connection&>(entry)); });
}

void Sessions::expired(Connection& connection) {
    ConnectionPtr const held(&connection);
    look_at_clock();
    if (connection.phase == Phase::answering) return give_up(connection);
    if (connection.phase != Phase::reading) {
        if (connection.phase == Phase::writing) {
            counts_.deadlines_passed.add(1);
            // A plain close would leave the kernel sending what it has to a peer that does not read.
            ::linger const at_once{1, 0};
            ::setsockopt(connection.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        }
        return close(connection);
    }
    if (connection.timing) {
        counts_.deadlines_passed.add(1);
        RequestView const nothing;
        if (connection.body) fail(connection, 408, "the body did not arrive in time", connection.body->request());
        else fail(connection, 408, "the header did not arrive in time", nothing);
        flush(connection);
        return settle(connection);
    }
    // A request that arrived just now is served.
    read(connection);
    if (connection.phase == Phase::reading && connection.due <= wheel_.now()) close(connection);
    count_at_once();
}

void Sessions::drain() {
    constexpr std::uint64_t recent_ticks = 10;
    draining_ = true;
    std::vector<ConnectionPtr> open;
    wheel_.for_each([&open](WheelEntry& entry) { open.emplace_back(static_cast<Connection*>(&entry)); });
    for (ConnectionPtr const& connection : open) {
        look_at_clock();
        if (connection->phase != Phase::reading || connection->timing) continue;
        read(*connection);
        count_at_once();
        if (connection->phase != Phase::reading || connection->timing) continue;
        // Whoever was busy a moment ago, or has just connected, may have a request on its way.
        bool const quiet = connection->served && wheel_.now() - connection->last_active > recent_ticks;
        if (quiet) close(*connection);
        else wheel_.set(*connection, options_.deadlines.drain_grace);
    }
}

void Sessions::listen_for(Connection& connection, std::uint32_t events) {
    if (connection.interest == events) return;
    connection.interest = events;
    epoll_.modify(connection.fd, events, &connection);
}

}  // namespace mds::http
