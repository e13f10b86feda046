#pragma once

#include "modules/http/request.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace mds::http {

inline constexpr std::string_view json_type = "application/json";
inline constexpr std::string_view problem_type = "application/problem+json";

/// An answer before it meets its frame.
struct Reply {
    int status = 200;
    std::string_view content_type = json_type;  ///< of static storage
    std::string headers;                        ///< further fields, each "Name: value\r\n"
    std::string body;
    std::size_t route = 0;                      ///< for the counters

    Reply() = default;
    Reply(int code, std::string_view type, std::string text) : status(code), content_type(type), body(std::move(text)) {}

    void add(std::string_view name, std::string_view value) { headers.append(name).append(": ").append(value).append("\r\n"); }
};

/// Status line and the fields that each answer has, up to where further ones may follow.
void append_head(std::string& out, int status, Frame const& frame);
/// Content-Type, Content-Length, the empty line and, unless HEAD was asked, the body.
void append_body(std::string& out, std::string_view content_type, std::string_view body, Frame const& frame);
void append_reply(std::string& out, Reply const& reply, Frame const& frame);

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7).
std::string imf_fixdate(UtcTime time);
/// The reason phrase of RFC 9110, "Unknown" for others.
std::string_view reason_phrase(int status) noexcept;

void append_number(std::string& out, std::uint64_t value);

}  // namespace mds::http
