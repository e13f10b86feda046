#include "integration/postgres/cutting_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace mds::test {
namespace {

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

bool send_all(int socket, std::string_view data) {
    while (!data.empty()) {
        auto const sent = send(socket, data.data(), data.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        data.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

/// What arrives until either end is closed, handed to `take`; false ends it.
template <class Take>
void read_all(int socket, Take take) {
    std::array<char, 65536> buffer;
    for (;;) {
        auto const got = recv(socket, buffer.data(), buffer.size(), 0);
        if (got <= 0 || !take(std::string_view(buffer.data(), static_cast<std::size_t>(got)))) return;
    }
}

/// The bytes of the message at the front, or 0 where it is not whole yet: a type, and a length that counts itself.
std::size_t message_size(std::string_view data) noexcept {
    if (data.size() < 5) return 0;
    std::size_t length = 0;
    for (std::size_t i = 1; i < 5; ++i) length = length << 8 | static_cast<unsigned char>(data[i]);
    return data.size() > length ? length + 1 : 0;
}

bool ends_a_copy(std::string_view message) noexcept {
    return message.front() == 'C' && message.substr(5).starts_with("COPY ");
}

}  // namespace

CuttingProxy::CuttingProxy(int server_port)
    : server_port_(server_port), listening_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto address = loopback(0);
    socklen_t size = sizeof(address);
    if (bind(listening_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listening_, 16) != 0)
        throw std::runtime_error("cannot listen");
    getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
}

CuttingProxy::~CuttingProxy() {
    shutdown(listening_, SHUT_RDWR);
    accepting_.join();
    close(listening_);
    for (int const socket : sockets_) shutdown(socket, SHUT_RDWR);
    for (auto& session : sessions_) session.join();
    for (int const socket : sockets_) close(socket);
}

void CuttingProxy::accept_all() {
    for (;;) {
        int const client = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) return;
        serve(client);
    }
}

void CuttingProxy::serve(int client) {
    int const server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto const address = loopback(server_port_);
    sockets_.insert(sockets_.end(), {client, server});
    if (connect(server, reinterpret_cast<sockaddr const*>(&address), sizeof(address)) != 0) {
        shutdown(client, SHUT_RDWR);
        return;
    }
    sessions_.emplace_back([client, server] {
        read_all(client, [server](std::string_view data) { return send_all(server, data); });
        shutdown(server, SHUT_RDWR);
    });
    sessions_.emplace_back([this, client, server] { from_server(server, client); });
}

void CuttingProxy::from_server(int server, int client) {
    std::string waiting;
    read_all(server, [&](std::string_view data) {
        waiting += data;
        std::size_t whole = 0;
        bool cut = false;
        for (std::size_t size = 1; !cut && size != 0; whole += size) {
            auto const rest = std::string_view(waiting).substr(whole);
            size = message_size(rest);
            cut = size != 0 && ends_a_copy(rest) && is_to_cut();
        }
        bool const sent = send_all(client, std::string_view(waiting).substr(0, whole));
        waiting.erase(0, whole);
        return sent && !cut;
    });
    shutdown(client, SHUT_RDWR);
    shutdown(server, SHUT_RDWR);
}

bool CuttingProxy::is_to_cut() noexcept {
    if (to_pass_ < 0 || to_pass_-- > 0) return false;
    ++cuts_;
    return true;
}

}  // namespace mds::test
