#include <adapters/providers/curl_multi.hpp>

#include <adapters/providers/curl_transfer.hpp>

#include <boost/asio/post.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <stdexcept>

namespace mds::providers {

namespace {

constexpr std::size_t max_spare = 64;      // handles; as many are in use at a time as requests are under way
constexpr long connections_of_hosts = 16;  // kept open at most: as many times those of one host

}  // namespace

CurlMulti::CurlMulti(IoExecutor executor, long connections_per_host) : executor_(executor), timer_(executor) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::runtime_error("libcurl does not start");
    multi_ = curl_multi_init();
    if (multi_ == nullptr) throw std::bad_alloc();
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlMulti::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlMulti::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, connections_per_host);
    // By default libcurl keeps a few for each transfer of the moment, and so closes most of them in every lull.
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, connections_per_host * connections_of_hosts);
}

CurlMulti::~CurlMulti() {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, nullptr);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, nullptr);
    while (!watches_.empty()) unwatch(watches_.begin()->first);
    spare_.clear();
    curl_multi_cleanup(multi_);  // closes what is still open
    curl_global_cleanup();
}

bool CurlMulti::add(CurlTransfer& transfer) {
    if (interrupted_ || curl_multi_add_handle(multi_, transfer.easy()) != CURLM_OK) return false;
    transfers_.insert(&transfer);
    return true;
}

void CurlMulti::remove(CurlTransfer& transfer) noexcept {
    if (transfers_.erase(&transfer) > 0) curl_multi_remove_handle(multi_, transfer.easy());
}

void CurlMulti::interrupt() noexcept {
    interrupted_ = true;
    for (auto* transfer : transfers_) transfer->ended(CURLE_ABORTED_BY_CALLBACK);
    due_.reset();
    timer_.cancel();
}

EasyHandle CurlMulti::take_easy() noexcept {
    if (spare_.empty()) return nullptr;
    auto easy = std::move(spare_.back());
    spare_.pop_back();
    return easy;
}

void CurlMulti::give_back(EasyHandle easy) noexcept {
    if (spare_.size() >= max_spare || interrupted_) return;
    try {
        spare_.push_back(std::move(easy));
    } catch (std::bad_alloc const&) {  // then the next request makes its own
    }
}

void CurlMulti::own_sockets_of(CURL* easy) noexcept {
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &CurlMulti::on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlMulti::on_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
}

curl_socket_t CurlMulti::on_open(void* self, curlsocktype, curl_sockaddr* address) noexcept {
    auto& multi = *static_cast<CurlMulti*>(self);
    auto const socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (socket < 0) return CURL_SOCKET_BAD;
    multi.unwatch(socket);  // an earlier one of this number, which libcurl closed without a word
    try {
        multi.own_.insert(socket);
    } catch (std::bad_alloc const&) {
        ::close(socket);
        return CURL_SOCKET_BAD;
    }
    return socket;
}

int CurlMulti::on_close(void* self, curl_socket_t socket) noexcept {
    auto& multi = *static_cast<CurlMulti*>(self);
    multi.own_.erase(socket);
    multi.unwatch(socket);
    return ::close(socket);
}

int CurlMulti::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) noexcept {
    auto& multi = *static_cast<CurlMulti*>(self);
    if (what == CURL_POLL_REMOVE) {
        multi.stop_watching(socket);
        return 0;
    }
    try {
        return multi.watch(socket, what);
    } catch (std::exception const&) {
        return -1;  // libcurl ends its transfers
    }
}

int CurlMulti::on_timer(CURLM*, long milliseconds, void* self) noexcept {
    try {
        static_cast<CurlMulti*>(self)->schedule(milliseconds);
        return 0;
    } catch (std::exception const&) {
        return -1;
    }
}

int CurlMulti::watch(curl_socket_t socket, int wanted) {
    auto& slot = watches_[socket];
    if (!slot) {
        slot = std::make_unique<Watch>(executor_);
        slot->id = ++last_id_;
        boost::system::error_code error;
        slot->descriptor.assign(socket, error);
        if (error) {
            watches_.erase(socket);
            return -1;
        }
    }
    slot->wanted = wanted;
    arm(socket, *slot, CURL_POLL_IN);
    arm(socket, *slot, CURL_POLL_OUT);
    return 0;
}

/// Others than our own, the name resolver's for one, are closed without a word, and so is a socket of ours that is not connected
/// yet: they must be forgotten now. One that is kept open for the next request has been heard of, so that nothing waits for it.
void CurlMulti::stop_watching(curl_socket_t socket) noexcept {
    auto const found = watches_.find(socket);
    if (found == watches_.end()) return;
    found->second->wanted = 0;
    if (own_.contains(socket) && found->second->waiting == 0) return;
    own_.erase(socket);
    unwatch(socket);
}

void CurlMulti::unwatch(curl_socket_t socket) noexcept {
    auto const found = watches_.find(socket);
    if (found == watches_.end()) return;
    found->second->descriptor.release();  // waits end with operation_aborted; the socket stays open
    watches_.erase(found);
}

void CurlMulti::arm(curl_socket_t socket, Watch& watch, int direction) {
    if ((watch.wanted & direction) == 0 || (watch.waiting & direction) != 0) return;
    watch.waiting |= direction;
    auto const kind = direction == CURL_POLL_IN ? net::posix::descriptor_base::wait_read : net::posix::descriptor_base::wait_write;
    watch.descriptor.async_wait(kind, [weak = weak_from_this(), socket, id = watch.id, direction](boost::system::error_code error) {
        if (auto const self = weak.lock()) self->ready(socket, id, direction, error);
    });
}

void CurlMulti::ready(curl_socket_t socket, std::uint64_t id, int direction, boost::system::error_code error) {
    auto const current = [&]() -> Watch* {
        auto const found = watches_.find(socket);
        return found == watches_.end() || found->second->id != id ? nullptr : found->second.get();
    };
    auto* watch = current();
    if (watch == nullptr || error == net::error::operation_aborted) return;
    watch->waiting &= ~direction;
    if ((watch->wanted & direction) == 0) return;
    act(socket, direction == CURL_POLL_IN ? CURL_CSELECT_IN : CURL_CSELECT_OUT);
    watch = current();
    if (watch != nullptr) arm(socket, *watch, direction);
}

void CurlMulti::schedule(long milliseconds) {
    if (milliseconds < 0 || interrupted_) {
        due_.reset();  // the timer finds nothing to do
        return;
    }
    due_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    if (milliseconds == 0)
        act_soon();
    else
        wake_at(*due_);
}

/// Mostly because requests were added: one call serves all that are added before it comes.
void CurlMulti::act_soon() {
    if (std::exchange(posted_, true)) return;
    net::post(executor_, [weak = weak_from_this()] {
        auto const self = weak.lock();
        if (!self) return;
        self->posted_ = false;
        self->woken();
    });
}

void CurlMulti::wake_at(SteadyTime when) {
    if (armed_ && *armed_ <= when) return;
    armed_ = when;
    timer_.expires_at(when);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        auto const self = weak.lock();
        if (!self || error) return;
        self->armed_.reset();
        self->woken();
    });
}

void CurlMulti::woken() {
    if (!due_) return;
    if (*due_ > std::chrono::steady_clock::now()) return wake_at(*due_);
    due_.reset();
    act(CURL_SOCKET_TIMEOUT, 0);
}

void CurlMulti::act(curl_socket_t socket, int events) {
    int running = 0;
    curl_multi_socket_action(multi_, socket, events, &running);
    int left = 0;
    while (auto* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        char* data = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &data);
        auto* transfer = reinterpret_cast<CurlTransfer*>(data);
        if (transfers_.count(transfer) > 0) transfer->ended(message->data.result);
    }
}

}  // namespace mds::providers
