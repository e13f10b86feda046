#include "modules/http/reply.hpp"

#include <array>
#include <charconv>
#include <chrono>

namespace mds::http {

std::string_view reason_phrase(int status) noexcept {
    switch (status) {
        case 200: return "OK";
        case 202: return "Accepted";
        case 204: return "No Content";
        case 304: return "Not Modified";
        case 400: return "Bad Request";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 413: return "Content Too Large";
        case 414: return "URI Too Long";
        case 415: return "Unsupported Media Type";
        case 422: return "Unprocessable Content";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        case 505: return "HTTP Version Not Supported";
        default: return "Unknown";
    }
}

void append_number(std::string& out, std::uint64_t value) {
    std::array<char, 20> digits;
    auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

void append_head(std::string& out, int status, Frame const& frame) {
    out += "HTTP/1.1 ";
    append_number(out, static_cast<std::uint64_t>(status));
    out += ' ';
    out += reason_phrase(status);
    out += "\r\nDate: ";
    out += frame.date;
    out += "\r\nX-Request-Id: ";
    out += frame.request_id;
    out += "\r\n";
    if (!frame.keep_alive) {
        out += "Connection: close\r\n";
    } else if (frame.http10) {
        out += "Connection: keep-alive\r\n";
    }
}

void append_body(std::string& out, std::string_view content_type, std::string_view body, Frame const& frame) {
    out += "Content-Type: ";
    out += content_type;
    out += "\r\nContent-Length: ";
    append_number(out, body.size());
    out += "\r\n\r\n";
    if (!frame.head) out += body;
}

void append_reply(std::string& out, Reply const& reply, Frame const& frame) {
    append_head(out, reply.status, frame);
    out += reply.headers;
    if (reply.status == 204 || reply.status == 304) {
        out += "\r\n";
    } else {
        append_body(out, reply.content_type, reply.body, frame);
    }
}

std::string imf_fixdate(UtcTime time) {
    static constexpr std::array<char const*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<char const*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    auto const day = std::chrono::floor<std::chrono::days>(time);
    std::chrono::year_month_day const date(day);
    std::chrono::hh_mm_ss const clock(std::chrono::floor<std::chrono::seconds>(time - day));
    std::string out;
    auto const two = [&out](unsigned value) {
        out += static_cast<char>('0' + value / 10);
        out += static_cast<char>('0' + value % 10);
    };
    out += days[std::chrono::weekday(day).c_encoding()];
    out += ", ";
    two(static_cast<unsigned>(date.day()));
    out += ' ';
    out += months[static_cast<unsigned>(date.month()) - 1];
    out += ' ';
    append_number(out, static_cast<std::uint64_t>(static_cast<int>(date.year())));
    out += ' ';
    two(static_cast<unsigned>(clock.hours().count()));
    out += ':';
    two(static_cast<unsigned>(clock.minutes().count()));
    out += ':';
    two(static_cast<unsigned>(clock.seconds().count()));
    out += " GMT";
    return out;
}

}  // namespace mds::http
