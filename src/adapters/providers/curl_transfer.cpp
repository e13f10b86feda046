#include <adapters/providers/curl_transfer.hpp>

#include <adapters/providers/public_address.hpp>
#include <codec/provider_symbol.hpp>

#include <algorithm>
#include <new>

namespace mds::providers {

CurlTransfer::CurlTransfer(std::shared_ptr<CurlMulti> multi, IoExecutor executor, HttpRequest const& request,
                           HttpOptions const& options, SteadyTime deadline)
    : multi_(std::move(multi)), options_(options), wanted_(request.wanted), guard_(request.guard), waiter_(executor, deadline) {
    if (!guard_) easy_ = multi_->take_easy();
    if (!easy_) {
        easy_.reset(curl_easy_init());
        if (!easy_) throw std::bad_alloc();
        configure_always();
    }
    configure(request, deadline);
}

CurlTransfer::~CurlTransfer() {
    multi_->remove(*this);
    if (guard_ || end_ != CURLE_OK) return;  // only what is as good as new is used again
    auto* easy = easy_.get();
    for (auto const option : {CURLOPT_PRIVATE, CURLOPT_ERRORBUFFER, CURLOPT_HTTPHEADER, CURLOPT_WRITEDATA, CURLOPT_HEADERDATA}) {
        curl_easy_setopt(easy, option, nullptr);
    }
    multi_->give_back(std::move(easy_));
}

/// What is the same for every request: a handle that is used again has it.
void CurlTransfer::configure_always() {
    auto* easy = easy_.get();
    curl_easy_setopt(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");  // everything that this libcurl can undo
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);  // libcurl would take our headers, and the keys in them, to other hosts
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // a proxy's are not the answer's
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // a name look-up under way does not hold up the end of the transfer
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
    // CURLOPT_CAPATH stays the system's.
    if (!options_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
    if (guard_)
        keep_to_public_addresses();
    else
        multi_->own_sockets_of(easy);
}

void CurlTransfer::configure(HttpRequest const& request, SteadyTime deadline) {
    using std::chrono::milliseconds;
    auto* easy = easy_.get();
    for (auto const& [name, value] : request.headers) {
        auto const line = name + (value.empty() ? ";" : ": " + value);
        auto* list = curl_slist_append(headers_.get(), line.c_str());
        if (list == nullptr) throw std::bad_alloc();
        if (!headers_) headers_.reset(list);
    }
    auto const left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    auto const connect = std::clamp(left, milliseconds(1), options_.connect_timeout);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_.data());
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect.count()));
}

void CurlTransfer::keep_to_public_addresses() {
    auto* easy = easy_.get();
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &CurlTransfer::on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, guard_.get());
    curl_easy_setopt(easy, CURLOPT_PROXY, "");          // it would connect for us, where we cannot see it
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);  // one that is open already is not asked for
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
}

/// With the address that the name was resolved to, for this connection and no other.
curl_socket_t CurlTransfer::on_open(void* guard, curlsocktype, curl_sockaddr* address) noexcept {
    auto& refused = static_cast<AddressGuard*>(guard)->refused;
    refused = !is_public(address->addr, address->addrlen);
    return refused ? CURL_SOCKET_BAD : ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t CurlTransfer::on_body(char* data, std::size_t, std::size_t size, void* self) noexcept {
    try {
        return static_cast<CurlTransfer*>(self)->take_body(std::string_view(data, size)) ? size : 0;
    } catch (std::exception const&) {
        return 0;
    }
}

std::size_t CurlTransfer::on_header(char* data, std::size_t, std::size_t size, void* self) noexcept {
    try {
        return static_cast<CurlTransfer*>(self)->take_header(std::string_view(data, size)) ? size : 0;
    } catch (std::exception const&) {
        return 0;
    }
}

bool CurlTransfer::take_body(std::string_view data) {
    auto const room = options_.body_limit - answer_.body.size();
    answer_.truncated = data.size() > room;
    answer_.body += data.substr(0, room);
    return !answer_.truncated;
}

bool CurlTransfer::take_header(std::string_view line) {
    header_bytes_ += line.size();
    headers_too_large_ = header_bytes_ > options_.header_limit;
    if (line.starts_with("HTTP/")) {  // an interim answer came before
        answer_.retry_after.clear();
        answer_.fields.clear();
    }
    auto const colon = line.find(':');
    if (headers_too_large_ || colon == line.npos) return !headers_too_large_;
    auto const name = line.substr(0, colon);
    auto value = line.substr(colon + 1);
    while (!value.empty() && (value.back() == '\r' || value.back() == '\n' || value.back() == ' ')) value.remove_suffix(1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    if (codec::equal_ignoring_case(name, "retry-after")) answer_.retry_after = value;
    for (auto const& wanted : wanted_) {
        if (codec::equal_ignoring_case(name, wanted)) answer_.fields.emplace_back(wanted, value);
    }
    return true;
}

void CurlTransfer::ended(CURLcode code) noexcept {
    if (!end_) end_ = code;
    waiter_.cancel();
}

HttpFailure CurlTransfer::failure(CURLcode code) const {
    std::string const words = error_[0] == '\0' ? curl_easy_strerror(code) : error_.data();
    if (headers_too_large_) return {Outcome::malformed, "the header fields are larger than the limit"};
    switch (code) {
        case CURLE_OPERATION_TIMEDOUT: return {Outcome::timeout, "no connection in time: " + words};
        case CURLE_ABORTED_BY_CALLBACK: return {Outcome::unavailable, "interrupted"};
        case CURLE_PARTIAL_FILE:
        case CURLE_GOT_NOTHING:
        case CURLE_RECV_ERROR: return {Outcome::unavailable, "the answer ended early: " + words};
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_BAD_CONTENT_ENCODING: return {Outcome::malformed, "the answer is not HTTP as we know it: " + words};
        default: return {Outcome::unavailable, words};
    }
}

HttpResult CurlTransfer::result() {
    if (!end_) return HttpFailure{Outcome::timeout, "no complete answer within the deadline"};
    if (*end_ != CURLE_OK && !answer_.truncated) return failure(*end_);
    if (guard_) guard_->refused = false;  // another address of the name was public
    long status = 0;
    char const* text = nullptr;
    curl_easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
    answer_.status = static_cast<int>(status);
    curl_easy_getinfo(easy(), CURLINFO_CONTENT_TYPE, &text);
    if (text != nullptr) answer_.content_type = text;
    curl_easy_getinfo(easy(), CURLINFO_REDIRECT_URL, &text);
    if (text != nullptr) answer_.redirect = text;
    return std::move(answer_);
}

}  // namespace mds::providers
