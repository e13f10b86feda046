#include <adapters/providers/curl_client.hpp>

#include <adapters/providers/curl_transfer.hpp>
#include <codec/provider_symbol.hpp>
#include <support/offload.hpp>

#include <boost/asio/post.hpp>

namespace mds::providers {

namespace {

struct UrlCleanup { void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); } };

/// Scheme, host and port; empty where it is no URL.
std::string origin_of(std::string const& text) {
    std::unique_ptr<CURLU, UrlCleanup> const url(curl_url());
    if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return {};
    std::string origin;
    for (auto const part : {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT}) {
        char* value = nullptr;
        if (curl_url_get(url.get(), part, &value, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
        origin += std::string(value) + " ";
        curl_free(value);
    }
    return origin;
}

bool is_same_origin(std::string const& a, std::string const& b) {
    auto const origin = origin_of(a);
    return !origin.empty() && codec::equal_ignoring_case(origin, origin_of(b));
}

Awaitable<HttpResult> get_once(std::shared_ptr<CurlMulti> multi, IoExecutor executor, HttpRequest request,
                               std::shared_ptr<HttpOptions const> options, SteadyTime deadline) {
    CurlTransfer transfer(multi, executor, request, *options, deadline);
    if (transfer.start()) {
        // Wakes at the deadline (result: timeout) or when the loop cancels it (result: whatever came).
        co_await transfer.waiter().async_wait(support::as_result);
    } else {
        transfer.ended(CURLE_ABORTED_BY_CALLBACK);
    }
    co_return transfer.result();
}

}  // namespace

CurlClient::CurlClient(IoExecutor executor, HttpOptions options) : executor_(executor) {
    if (options.user_agent.empty()) options.user_agent = "mds/" MDS_VERSION;
    multi_ = std::make_shared<CurlMulti>(executor, options.connections_per_host);
    options_ = std::make_shared<HttpOptions const>(std::move(options));
}

CurlClient::~CurlClient() = default;

Awaitable<HttpResult> CurlClient::get(HttpRequest request, SteadyTime deadline) {
    for (int redirects = 0;; ++redirects) {
        auto result = co_await get_once(multi_, executor_, request, options_, deadline);
        bool const goes_on = result && !result->redirect.empty() && redirects < options_->redirects &&
                             is_same_origin(request.url, result->redirect);
        if (!goes_on) co_return result;
        request.url = std::move(result->redirect);
    }
}

void CurlClient::interrupt() noexcept {
    net::post(executor_, [weak = std::weak_ptr<CurlMulti>(multi_)] {
        if (auto const multi = weak.lock()) multi->interrupt();
    });
}

}  // namespace mds::providers
