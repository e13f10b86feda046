#pragma once
// Outgoing HTTP: libcurl's multi interface, driven by the Asio loop of one thread. Connections are kept and shared by all providers
// of the thread; HTTP/2, TLS verification, proxies from the environment and decompression are libcurl's.

#include <mds/domain/outcome.hpp>
#include <mds/ports/provider.hpp>

#include <boost/system/result.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mds::providers {

struct HttpOptions {
    std::string user_agent;                     ///< empty: "mds/<version>"
    std::string ca_file;                        ///< PEM: trusted beside the system's own; empty: none
    std::chrono::milliseconds connect_timeout{5000};
    std::size_t body_limit = 1024 * 1024;       ///< bytes after decompression
    std::size_t header_limit = 64 * 1024;
    int redirects = 3;                          ///< followed only to the same scheme, host and port
    long connections_per_host = 8;
};

/// Keeps a request from every address that is not public (is_public()). What counts is the address that is connected to, whatever
/// the name meant before; there is no proxy, and no connection that another request opened.
struct AddressGuard {
    bool refused = false;  ///< afterwards: no connection was made because of it
};

struct HttpRequest {
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::vector<std::string> wanted;  ///< fields of the answer's head to be kept, beside those of HttpAnswer
    std::shared_ptr<AddressGuard> guard;  ///< none: any address
};

/// A complete answer, or one that was cut at the body limit.
struct HttpAnswer {
    int status = 0;
    std::string content_type;
    std::string retry_after;
    std::vector<std::pair<std::string, std::string>> fields;  ///< those that were wanted, names as they were given
    std::string redirect;  ///< absolute URL of a 3xx that was not followed
    std::string body;
    bool truncated = false;
};

/// No usable answer: timeout, unavailable, or malformed where the other end does not speak HTTP. The reason may quote the URL.
struct HttpFailure {
    Outcome outcome = Outcome::unavailable;
    std::string reason;
};

using HttpResult = boost::system::result<HttpAnswer, HttpFailure>;

class CurlMulti;

/// One per thread of fetching. Everything on that thread, except construction, interrupt() and destruction; destroy it before its
/// io_context. Coroutines that are still suspended then keep what they need.
class CurlClient {
public:
    CurlClient(IoExecutor executor, HttpOptions options);
    ~CurlClient();
    CurlClient(CurlClient const&) = delete;
    CurlClient& operator=(CurlClient const&) = delete;

    /// GET. Returns by `deadline`, redirects included.
    Awaitable<HttpResult> get(HttpRequest request, SteadyTime deadline);
    /// Ends what is under way and whatever is asked later with `unavailable`. Any thread; does not block.
    void interrupt() noexcept;

private:
    IoExecutor executor_;
    std::shared_ptr<HttpOptions const> options_;
    std::shared_ptr<CurlMulti> multi_;
};

}  // namespace mds::providers
