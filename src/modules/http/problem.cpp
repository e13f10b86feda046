#include "modules/http/problem.hpp"

#include "modules/http/json_writer.hpp"

#include <algorithm>

namespace mds::http {
namespace {

bool is_index(std::string_view text) noexcept {
    return !text.empty() && text.size() < 10 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

void write_faults(JsonWriter& json, Faults const& faults) {
    json.key("errors").begin_array();
    for (Fault const& fault : faults) {
        json.begin_object().key("type").string(fault.type).key("loc").begin_array();
        for (std::size_t i = 0; i < fault.loc.size(); ++i) {
            // Positions in a list are numbers, as FastAPI writes them; the name of a field may look like one.
            if (i > 1 && is_index(fault.loc[i])) {
                json.raw(fault.loc[i]);
            } else {
                json.string(fault.loc[i]);
            }
        }
        json.end_array().key("msg").string(fault.msg).key("input").raw(fault.input.empty() ? "null" : std::string_view(fault.input));
        json.end_object();
    }
    json.end_array();
}

}  // namespace

std::string problem_body(int status, std::string_view detail, std::string_view instance, std::string_view request_id, Faults const& faults) {
    std::string body;
    JsonWriter json(body);
    json.begin_object().key("type").string("about:blank").key("title").string(reason_phrase(status));
    json.key("status").integer(status).key("detail").string(detail);
    json.key("instance").string(instance).key("request_id").string(request_id);
    if (!faults.empty()) write_faults(json, faults);
    json.end_object();
    return body;
}

Reply problem(Request const& request, int status, std::string_view detail, Faults const& faults) {
    return Reply(status, problem_type, problem_body(status, detail, request.path, request.id, faults));
}

Reply unprocessable(Request const& request, Faults const& faults) {
    std::string detail;
    for (Fault const& fault : faults) {
        if (!detail.empty()) detail += "; ";
        detail += fault.msg;
    }
    return problem(request, 422, detail, faults);
}

int status_of(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::invalid_argument: return 400;
        case ErrorCode::not_found: return 404;
        case ErrorCode::conflict: return 409;
        case ErrorCode::upstream_invalid: return 502;
        case ErrorCode::fenced:
        case ErrorCode::unavailable: return 503;
        case ErrorCode::timeout: return 504;
        case ErrorCode::internal: break;
    }
    return 500;
}

std::string_view public_message(Error const& error) noexcept {
    if (error.code == ErrorCode::internal) return "internal error";
    return error.message.empty() ? reason_phrase(status_of(error.code)) : std::string_view(error.message);
}

Reply problem(Request const& request, Error const& error) {
    int const status = status_of(error.code);
    Reply reply = problem(request, status, public_message(error));
    if (status == 503) reply.add("Retry-After", std::to_string(error.retry_after.value_or(std::chrono::seconds(1)).count()));
    else if (error.retry_after) reply.add("Retry-After", std::to_string(error.retry_after->count()));
    return reply;
}

}  // namespace mds::http
