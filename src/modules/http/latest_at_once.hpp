#pragma once

#include "modules/http/options.hpp"
#include "modules/http/request.hpp"
#include "services/latest_cache.hpp"

#include <string>

namespace mds::http {

/// GET /prices/latest from memory: a fresh price of one series, asked for in the plain way. One look-up, no allocation; whatever needs
/// more goes the long way. Any thread.
class LatestAtOnce {
public:
    LatestAtOnce(LatestCache const& cache, Options const& options) : cache_(cache), options_(options) {}
    /// Appends the answer and returns its status; 0: not one of those.
    int answer(RequestView const& request, Frame const& frame, std::string& out) const;

private:
    LatestCache const& cache_;
    Options const& options_;
};

/// The answer's validator: the point's id, in quotes.
void append_etag(std::string& out, Uuid const& point);
/// Does an If-None-Match field name `etag`, or any ("*")? Weak comparison (RFC 9110 section 13.1.2).
bool etag_matches(std::string_view if_none_match, std::string_view etag) noexcept;

}  // namespace mds::http
