#pragma once
// Bytes -> requests. The grammar is Beast's; the policy is ours: what two parsers could read differently is refused.

#include "modules/http/options.hpp"
#include "modules/http/request.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace mds::http {

struct ParseResult {
    enum class State {
        complete,   ///< `consumed` bytes are the request
        need_more,  ///< the header is not there yet
        need_body,  ///< the first `consumed` bytes are a whole header, its body is not there yet
        failed,     ///< answer `status` and close
    };
    State state = State::need_more;
    std::size_t consumed = 0;
    int status = 0;
    char const* reason = "";
};

/// Reads one request at the front of `input`. `body` receives a decoded body; `request` views into both. Keeps nothing between calls:
/// call again with more bytes at the end.
ParseResult parse_request(std::string_view input, Limits const& limits, RequestView& request, std::string& body);

/// A request whose body arrives in pieces. Holds a copy of its header.
class BodyReader {
public:
    BodyReader(std::string_view head, Limits const& limits);
    ~BodyReader();

    /// Takes bytes; `consumed` of them are used up, the others must come again in front of the next. complete, need_more or failed.
    ParseResult feed(std::string_view input);
    /// Views into this object; its body once complete.
    RequestView const& request() const noexcept;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mds::http
