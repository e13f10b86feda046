#include "modules/http/worker.hpp"

#include <boost/asio/post.hpp>

#include <array>
#include <limits>
#include <utility>

namespace mds::http {

Worker::Worker(support::IoThread& thread, Options const& options, RequestHandler const& handler, PeerCounts& peers, Clock& clock,
               std::uint64_t id_seed, support::Log log, std::shared_ptr<RequestCounts> counts)
    : thread_(thread),
      options_(options),
      peers_(peers),
      counts_(std::move(counts)),
      log_(std::move(log)),
      sessions_(thread.executor(), epoll_, options, handler, peers, clock, id_seed, log_, *counts_),
      readable_(thread.executor(), epoll_.fd()),
      timer_(thread.executor()) {}

Worker::~Worker() {
    if (readable_.is_open()) readable_.release();
}

std::uint16_t Worker::listen(std::uint16_t port) {
    listener_.emplace(options_.address, port);
    epoll_.add(listener_->fd(), EPOLLIN, nullptr);
    return listener_->port();
}

void Worker::start() { watch(); }

void Worker::watch() {
    readable_.async_wait(boost::asio::posix::descriptor_base::wait_read, [this](boost::system::error_code ec) {
        if (!ec) on_ready();
    });
}

void Worker::on_ready() {
    std::array<epoll_event, 256> room;
    for (epoll_event const& event : epoll_.ready(room)) {
        // No event closes another one's connection, so each pointer of this round is alive.
        if (event.data.ptr == nullptr) accept(64);
        else sessions_.on_events(*static_cast<Connection*>(event.data.ptr), event.events);
    }
    arm_timer();
    end_if_drained();
    if (readable_.is_open()) watch();
}

void Worker::accept(int at_most) {
    for (int i = 0; i < at_most; ++i) {
        auto const next = listener_->accept();
        if (next.result == Listener::Result::none) return;
        if (next.result == Listener::Result::exhausted) {
            counts_->connections_refused.add(1);
            listener_->refuse_one(sessions_.refusal());
            return pause_accepting("no file descriptor left");
        }
        if (is_last_of_files(next.fd)) {
            counts_->connections_refused.add(1);
            Listener::refuse(next.fd, sessions_.refusal());
            return pause_accepting("few file descriptors left");
        }
        sessions_.open(next.fd, next.peer, peers_.admit(next.peer));
    }
}

/// The kernel gives the lowest number that is free, so one in the last twentieth says that all below are taken. Those are for the
/// store and the providers, which would fail without.
bool Worker::is_last_of_files(int fd) const noexcept {
    auto const all = options_.limits.open_files;
    return static_cast<std::size_t>(fd) >= all - all / 20;
}

/// Until the next tick: the listening socket stays readable, and asking it again at once would only spin.
void Worker::pause_accepting(char const* reason) {
    if (!accepting_) return;
    accepting_ = false;
    epoll_.remove(listener_->fd());
    counts_->accept_pauses.add(1);
    log_.warning("http.accept_paused", {{"reason", reason}});
}

void Worker::arm_timer() {
    if (timer_armed_ || (sessions_.empty() && accepting_)) return;
    timer_armed_ = true;
    timer_.expires_after(TimerWheel::tick);
    timer_.async_wait([this](boost::system::error_code ec) {
        timer_armed_ = false;
        if (ec) return;
        on_tick();
        arm_timer();
        end_if_drained();
    });
}

void Worker::on_tick() {
    sessions_.tick();
    if (accepting_ || !listener_) return;
    accepting_ = true;
    epoll_.add(listener_->fd(), EPOLLIN, nullptr);
}

void Worker::interrupt() noexcept {
    boost::asio::post(thread_.executor(), [this] { begin_drain(); });
}

void Worker::begin_drain() {
    if (draining_) return;
    draining_ = true;
    // Closing the socket would reset the connections that wait in its queue: they are served first.
    if (listener_) {
        accept(std::numeric_limits<int>::max());
        if (accepting_) epoll_.remove(listener_->fd());
        accepting_ = true;
        listener_.reset();
    }
    sessions_.drain();
    arm_timer();
    end_if_drained();
}

void Worker::end_if_drained() {
    if (!draining_ || !sessions_.empty()) return;
    timer_.cancel();
    if (readable_.is_open()) readable_.release();
}

}  // namespace mds::http
