#pragma once
// application/problem+json (RFC 9457) with the request's id; a 422 lists its faults with FastAPI's keys.

#include <mds/domain/error.hpp>

#include "modules/http/reply.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mds::http {

/// One thing that is wrong with a parameter or field.
struct Fault {
    std::string type;              ///< FastAPI's: "missing", "extra_forbidden", "int_parsing", ...
    std::vector<std::string> loc;  ///< {"query", "symbol"}, {"body", "symbols", "3"}
    std::string msg;
    std::string input;             ///< the offending input as JSON text; empty: null

    Fault(std::string kind, std::vector<std::string> where, std::string message, std::string json_input = {})
        : type(std::move(kind)), loc(std::move(where)), msg(std::move(message)), input(std::move(json_input)) {}
};
using Faults = std::vector<Fault>;

/// The problem's JSON text.
std::string problem_body(int status, std::string_view detail, std::string_view instance, std::string_view request_id, Faults const& faults = {});
Reply problem(Request const& request, int status, std::string_view detail, Faults const& faults = {});
/// 422 with all faults; `detail` is their messages.
Reply unprocessable(Request const& request, Faults const& faults);
/// The contract's status for an error of a service, with Retry-After where there is one. 500 says nothing about the cause.
Reply problem(Request const& request, Error const& error);
int status_of(ErrorCode code) noexcept;
/// What a client may read of it.
std::string_view public_message(Error const& error) noexcept;

}  // namespace mds::http
