#pragma once

#include <mds/ports/task.hpp>

#include "modules/http/reply.hpp"
#include "modules/http/request.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mds::http {

/// What the transport asks for an answer. Called on any I/O thread of the module.
class RequestHandler {
public:
    virtual ~RequestHandler() = default;
    /// Appends the whole answer if memory alone gives it, and returns its status; 0: nothing was appended, ask answer().
    virtual int answer_at_once(RequestView const& request, Frame const& frame, std::string& out) const = 0;
    /// Any other request. Never throws in earnest: an exception becomes a 500.
    virtual Awaitable<Reply> answer(Request request) const = 0;
    /// Names for the counters, by Reply::route; [0] is for what reached no route, [1] for answer_at_once().
    virtual std::vector<std::string> route_names() const = 0;
};

}  // namespace mds::http
