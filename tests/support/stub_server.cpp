#include <support/stub_server.hpp>

#include <support/offload.hpp>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <zlib.h>

#include <atomic>
#include <stdexcept>

namespace mds::test {

namespace net = boost::asio;
using Executor = support::Executor;
using Socket = net::basic_stream_socket<net::ip::tcp, Executor>;
using Acceptor = net::basic_socket_acceptor<net::ip::tcp, Executor>;
using Wait = net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, Executor>;
using support::as_result;

struct StubServer::Shared {
    Answer answer;
    mutable std::mutex mutex;
    std::vector<StubRequest> requests;
    std::atomic<std::size_t> sent{0};
};

namespace {

template <class Shared>
net::awaitable<bool, Executor> send(Socket& socket, StubPart part, std::shared_ptr<Shared> shared) {
    if (part.wait.count() > 0) {
        Wait wait(socket.get_executor(), part.wait);
        co_await wait.async_wait(as_result);
    }
    for (std::size_t i = 0; i < part.times; ++i) {
        auto const buffer = net::buffer(part.bytes);
        auto const [error, size] = co_await net::async_write(socket, buffer, as_result);
        shared->sent += size;
        if (error) co_return false;
    }
    co_return true;
}

template <class Shared>
net::awaitable<void, Executor> serve(Socket socket, std::size_t number, std::shared_ptr<Shared> shared) {
    std::string input;
    for (;;) {
        auto buffer = net::dynamic_buffer(input);
        auto const [error, size] = co_await net::async_read_until(socket, buffer, "\r\n\r\n", as_result);
        if (error) co_return;
        StubRequest request;
        request.head = input.substr(0, size);
        request.connection = number;
        input.erase(0, size);
        auto const from = request.head.find(' ') + 1;
        request.target = request.head.substr(from, request.head.find(' ', from) - from);
        {
            std::lock_guard const lock(shared->mutex);
            shared->requests.push_back(request);
        }
        auto const scripted = shared->answer(request);
        for (auto const& part : scripted.parts) {
            bool const sent = co_await send(socket, part, shared);
            if (!sent) co_return;
        }
        if (scripted.end == StubReply::End::close) co_return;
        if (scripted.end == StubReply::End::reset) {
            net::socket_base::linger const at_once(true, 0);
            socket.set_option(at_once);
            co_return;
        }
    }
}

template <class Shared>
net::awaitable<void, Executor> listen(Acceptor acceptor, std::shared_ptr<Shared> shared) {
    for (std::size_t number = 1;; ++number) {
        auto [error, socket] = co_await acceptor.async_accept(as_result);
        if (error) co_return;
        net::co_spawn(acceptor.get_executor(), serve(std::move(socket), number, shared), net::detached);
    }
}

}  // namespace

StubReply reply(int status, std::string const& body, std::vector<std::string> const& fields) {
    std::string head = "HTTP/1.1 " + std::to_string(status) + " Stub\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    for (auto const& field : fields) head += field + "\r\n";
    return {{{head + "\r\n" + body}}, StubReply::End::keep_open};
}

std::string gzipped(std::string const& text) {
    constexpr int gzip_window = 15 + 16;
    z_stream stream{};
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
    std::string out(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    auto const ended = deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    if (ended != Z_STREAM_END) throw std::runtime_error("deflate");
    return out;
}

StubServer::StubServer(Answer answer) : shared_(std::make_shared<Shared>()), thread_("stub") {
    shared_->answer = std::move(answer);
    Acceptor acceptor(thread_.executor(), net::ip::tcp::endpoint(net::ip::address_v4::loopback(), 0));
    port_ = acceptor.local_endpoint().port();
    net::co_spawn(thread_.executor(), listen(std::move(acceptor), shared_), net::detached);
    thread_.start();
}

StubServer::~StubServer() = default;

std::vector<StubRequest> StubServer::requests() const {
    std::lock_guard const lock(shared_->mutex);
    return shared_->requests;
}

std::size_t StubServer::sent() const { return shared_->sent; }

std::uint16_t closed_port() {
    net::io_context context;
    Acceptor const acceptor(context.get_executor(), net::ip::tcp::endpoint(net::ip::address_v4::loopback(), 0));
    return acceptor.local_endpoint().port();
}

}  // namespace mds::test
