#pragma once

#include <mds/domain/time.hpp>

#include <string>
#include <string_view>

namespace mds::http {

enum class Method { get, head, post, patch, del, options, other };

/// One parsed request. Views point into the receive buffer or the parser: alive until the next one is parsed.
struct RequestView {
    Method method = Method::other;
    std::string_view target;            ///< origin form, as sent
    bool http10 = false;
    bool keep_alive = true;
    bool expects_continue = false;
    bool has_content_type = false;
    std::string_view request_id;        ///< empty: none, or not one that we repeat
    std::string_view if_none_match;
    std::string_view content_type;
    bool has_idempotency_key = false;
    std::string_view idempotency_key;
    std::string_view body;
};

/// The same with its own bytes, for a handler that outlives the receive buffer.
struct Request {
    Method method = Method::get;
    std::string path;                   ///< not decoded: no route has a byte that needs it
    std::string query;                  ///< behind the '?', not decoded
    std::string id;                     ///< X-Request-Id of the answer
    std::string if_none_match;
    std::string content_type;
    bool has_content_type = false;
    bool has_idempotency_key = false;
    std::string idempotency_key;
    std::string body;
    std::string in_path;                ///< what stands in the place of the route's "{...}"

    Request() = default;
};

/// What an answer needs to know of its request and its moment.
struct Frame {
    std::string_view request_id;
    std::string_view date;              ///< IMF-fixdate
    UtcTime now;
    bool head = false;                  ///< headers only
    bool http10 = false;
    bool keep_alive = true;
};

/// `target` up to the '?'.
inline std::string_view path_of(std::string_view target) noexcept { return target.substr(0, target.find('?')); }
/// Behind the '?'; empty where there is none.
inline std::string_view query_of(std::string_view target) noexcept {
    auto const mark = target.find('?');
    return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

/// 1-128 of A-Za-z0-9._-
bool is_request_id(std::string_view text) noexcept;

}  // namespace mds::http
