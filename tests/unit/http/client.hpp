#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace mds::http::test {

/// An answer as it came. Field names in lower case.
struct Answer {
    int status = 0;
    std::map<std::string, std::string> fields;
    std::string body;
    std::string field(std::string const& name) const {
        auto const found = fields.find(name);
        return found == fields.end() ? std::string() : found->second;
    }
    bool has(std::string const& name) const { return fields.contains(name); }
};

/// A plain socket: says exactly what the test writes. Blocks; its time limit only turns a hang into a failure.
class Client {
public:
    explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        timeval const limit{20, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        int const on = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        void const* const raw = &address;
        if (::connect(fd_, static_cast<sockaddr const*>(raw), sizeof address) != 0) throw std::runtime_error("connect failed");
    }
    Client(Client&& other) noexcept : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)) {}
    Client& operator=(Client&&) = delete;
    ~Client() {
        if (fd_ >= 0) ::close(fd_);
    }

    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            auto const n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) throw std::runtime_error("send failed");
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }
    /// As send(), but a peer that has closed is no failure.
    void try_send(std::string_view bytes) { ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
    void finish_sending() { ::shutdown(fd_, SHUT_WR); }
    void receive_buffer(int bytes) { ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes); }

    /// The next answer. `head`: it has no body whatever its length says.
    Answer read(bool head = false) {
        std::size_t end = std::string::npos;
        while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) need();
        Answer answer = parse_head(std::string_view(buffer_).substr(0, end + 2));
        buffer_.erase(0, end + 4);
        if (head || answer.status == 304 || answer.status == 204 || answer.status == 100) return answer;
        std::size_t const length = std::stoul(answer.field("content-length"));
        while (buffer_.size() < length) need();
        answer.body = buffer_.substr(0, length);
        buffer_.erase(0, length);
        return answer;
    }
    Answer ask(std::string_view request) {
        send(request);
        return read(request.starts_with("HEAD "));
    }
    Answer get(std::string const& target, std::string const& fields = {}) {
        return ask("GET " + target + " HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n");
    }
    Answer with_body(std::string const& method, std::string const& target, std::string const& body, std::string const& fields = {}) {
        return ask(method + " " + target + " HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields + "\r\n" +
                   body);
    }
    /// Everything up to the peer's end; a reset is a failure.
    std::string rest() {
        while (receive()) {
        }
        return std::exchange(buffer_, {});
    }
    /// What arrives within `wait`.
    std::string poll(std::chrono::milliseconds wait) {
        pollfd readable{fd_, POLLIN, 0};
        ::poll(&readable, 1, static_cast<int>(wait.count()));
        char bytes[4096];
        auto const n = ::recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
        return std::string(bytes, n > 0 ? static_cast<std::size_t>(n) : 0);
    }
    /// The peer has closed its side and sent nothing more.
    bool closed() { return buffer_.empty() && !receive(); }

private:
    bool receive() {
        char bytes[16384];
        auto const n = ::recv(fd_, bytes, sizeof bytes, 0);
        if (n < 0) throw std::runtime_error(std::string("receive failed: ") + std::strerror(errno));
        buffer_.append(bytes, static_cast<std::size_t>(n));
        return n > 0;
    }
    void need() {
        if (!receive()) throw std::runtime_error("the peer closed early, after: " + buffer_);
    }
    static Answer parse_head(std::string_view text) {
        Answer answer;
        auto const line_end = text.find("\r\n");
        answer.status = std::stoi(std::string(text.substr(9, 3)));
        text.remove_prefix(line_end + 2);
        while (!text.empty()) {
            auto const end = text.find("\r\n");
            auto const line = text.substr(0, end);
            auto const colon = line.find(": ");
            std::string name(line.substr(0, colon));
            for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
            if (!answer.fields.emplace(std::move(name), std::string(line.substr(colon + 2))).second) throw std::runtime_error("a field twice");
            text.remove_prefix(end + 2);
        }
        return answer;
    }

    int fd_;
    std::string buffer_;
};

}  // namespace mds::http::test
