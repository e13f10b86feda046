#pragma once

#include <adapters/providers/curl_client.hpp>
#include <adapters/providers/curl_multi.hpp>

#include <array>
#include <memory>
#include <optional>

namespace mds::providers {

/// One GET under way. Lives in the coroutine that waits for it and leaves the multi handle when that ends, however it ends.
class CurlTransfer {
public:
    CurlTransfer(std::shared_ptr<CurlMulti> multi, IoExecutor executor, HttpRequest const& request, HttpOptions const& options,
                 SteadyTime deadline);
    ~CurlTransfer();
    CurlTransfer(CurlTransfer const&) = delete;
    CurlTransfer& operator=(CurlTransfer const&) = delete;

    CURL* easy() const noexcept { return easy_.get(); }
    /// Expires at the deadline, is cancelled at the end: the coroutine waits on it.
    IoTimer& waiter() noexcept { return waiter_; }
    bool start() { return multi_->add(*this); }
    /// Called by the loop.
    void ended(CURLcode code) noexcept;
    HttpResult result();

private:
    static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) noexcept;
    static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) noexcept;
    static curl_socket_t on_open(void* guard, curlsocktype purpose, curl_sockaddr* address) noexcept;
    void configure_always();
    void configure(HttpRequest const& request, SteadyTime deadline);
    void keep_to_public_addresses();
    bool take_body(std::string_view data);
    bool take_header(std::string_view line);
    HttpFailure failure(CURLcode code) const;

    struct ListFree { void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); } };

    std::shared_ptr<CurlMulti> multi_;
    HttpOptions const& options_;
    std::unique_ptr<curl_slist, ListFree> headers_;
    std::array<char, CURL_ERROR_SIZE> error_{};
    HttpAnswer answer_;
    std::vector<std::string> wanted_;
    std::shared_ptr<AddressGuard> guard_;
    std::size_t header_bytes_ = 0;
    bool headers_too_large_ = false;
    std::optional<CURLcode> end_;
    IoTimer waiter_;
    EasyHandle easy_;  // last: its clean-up may still call back
};

}  // namespace mds::providers
