#include "modules/http/request_parser.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <optional>

namespace mds::http {
namespace {

namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using bhttp::field;

bool iequals(std::string_view a, std::string_view b) noexcept { return beast::iequals({a.data(), a.size()}, {b.data(), b.size()}); }

Method method_of(bhttp::verb verb) noexcept {
    switch (verb) {
        case bhttp::verb::get: return Method::get;
        case bhttp::verb::head: return Method::head;
        case bhttp::verb::post: return Method::post;
        case bhttp::verb::patch: return Method::patch;
        case bhttp::verb::delete_: return Method::del;
        case bhttp::verb::options: return Method::options;
        default: return Method::other;
    }
}

/// Fills a RequestView as Beast finds the parts, and refuses what Beast lets pass but other parsers read otherwise.
class Parser final : public bhttp::basic_parser<true> {
public:
    Parser(std::string_view input, RequestView& request, std::string& body, Limits const& limits)
        : first_(input.data()), last_(input.data() + input.size()), request_(request), body_(body) {
        header_limit(1u << 30);  // sizes are judged by fault(): Beast has one limit for what is two here
        body_limit(limits.body);
        eager(true);
    }

    int status = 0;
    char const* reason = "";
    bool started = false;                    ///< the request line is complete
    std::size_t target_size = 0;
    std::size_t fields_begin = 0;            ///< offset of the first field
    bool hosted = false;

    RequestView const& request() const noexcept { return request_; }
    std::string const& body() const noexcept { return body_; }

private:
    using error_code = beast::error_code;
    using text = beast::string_view;

    void refuse(int code, char const* why, error_code& ec) {
        status = code;
        reason = why;
        ec = bhttp::error::bad_field;
    }

    void on_request_impl(bhttp::verb verb, text, text target, int version, error_code&) override {
        request_.method = method_of(verb);
        request_.target = {target.data(), target.size()};
        request_.http10 = version == 10;
        started = true;
        target_size = target.size();
        fields_begin = static_cast<std::size_t>(target.data() - first_) + target.size() + sizeof " HTTP/1.1\r\n" - 1;
    }

    void on_field_impl(field name, text name_text, text value, error_code& ec) override {
        if (in_trailer_) return;
        if (is_folded(name_text, value)) return refuse(400, "folded header field", ec);
        std::string_view const v{value.data(), value.size()};
        switch (name) {
            case field::host:
                if (hosted) return refuse(400, "more than one Host", ec);
                hosted = true;
                break;
            case field::content_length:
                if (length_seen_) return refuse(400, "more than one Content-Length", ec);
                if (!std::ranges::all_of(v, [](char c) { return c >= '0' && c <= '9'; })) return refuse(400, "bad Content-Length", ec);
                length_seen_ = true;
                break;
            case field::transfer_encoding:
                if (request_.http10 || !iequals(v, "chunked")) return refuse(400, "unsupported Transfer-Encoding", ec);
                break;
            case field::expect: request_.expects_continue = iequals(v, "100-continue"); break;
            case field::if_none_match: request_.if_none_match = v; break;
            case field::content_type:
                request_.content_type = v;
                request_.has_content_type = true;
                break;
            case field::unknown: unknown_field({name_text.data(), name_text.size()}, v); break;
            default: break;
        }
    }

    /// Beast joins folded lines in a buffer of its own, or skips a first line that is empty.
    bool is_folded(text name, text value) const noexcept {
        if (value.data() < first_ || value.data() >= last_) return true;
        return std::find(name.data() + name.size(), value.data(), '\n') != value.data();
    }

    void unknown_field(std::string_view name, std::string_view value) {
        if (iequals(name, "X-Request-Id")) {
            if (is_request_id(value)) request_.request_id = value;
        } else if (iequals(name, "Idempotency-Key")) {
            request_.idempotency_key = value;
            request_.has_idempotency_key = true;
        }
    }

    void on_header_impl(error_code& ec) override {
        in_trailer_ = true;
        request_.keep_alive = keep_alive();
        if (!hosted && !request_.http10) refuse(400, "Host is missing", ec);
    }

    void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
    std::size_t on_body_impl(text part, error_code&) override {
        body_.append(part.data(), part.size());
        return part.size();
    }
    void on_chunk_header_impl(std::uint64_t, text, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, text part, error_code&) override {
        body_.append(part.data(), part.size());
        return part.size();
    }
    void on_finish_impl(error_code&) override { request_.body = body_; }
    void on_response_impl(int, text, int, error_code&) override {}

    char const* first_;
    char const* last_;
    RequestView& request_;
    std::string& body_;
    bool length_seen_ = false;
    bool in_trailer_ = false;
};

ParseResult failed(int status, char const* reason) { return {ParseResult::State::failed, 0, status, reason}; }

/// "HTTP/" and digits of another version, or something else altogether?
int version_fault(std::string_view input) noexcept {
    auto const line = input.substr(0, input.find('\r'));
    auto const target = line.find(' ');
    auto const at = target == std::string_view::npos ? target : line.find(' ', target + 1);
    if (at == std::string_view::npos) return 400;
    auto const version = line.substr(at + 1);
    auto const digit = [](char c) { return c >= '0' && c <= '9'; };
    if (version == "HTTP/1.1" || version == "HTTP/1.0") return 400;  // what follows it is the fault
    return version.size() == 8 && version.starts_with("HTTP/") && digit(version[5]) && version[6] == '.' && digit(version[7]) ? 505 : 400;
}

ParseResult fault_of(beast::error_code const& ec, Parser const& parser, std::string_view input) {
    if (parser.status != 0) return failed(parser.status, parser.reason);
    if (ec == bhttp::error::body_limit) return failed(413, "body too large");
    if (ec == bhttp::error::bad_version && version_fault(input) == 505) return failed(505, "HTTP/1.1 and HTTP/1.0 are spoken here");
    return failed(400, "malformed HTTP");
}

std::size_t end_of_header(std::string_view input) noexcept {
    auto const end = input.find("\r\n\r\n");
    return end == std::string_view::npos ? input.size() : end + 4;
}

/// Sizes, as far as they are known by now.
std::optional<ParseResult> size_fault(Parser const& parser, std::string_view input, std::size_t header_end, Limits const& limits) {
    if (!parser.started) {
        auto const method_end = input.find(' ');
        if (method_end == std::string_view::npos) return input.size() > 64 ? std::optional(failed(400, "malformed HTTP")) : std::nullopt;
        if (input.size() - method_end > limits.target + sizeof "  HTTP/1.1\r\n") return failed(414, "request target too long");
        return std::nullopt;
    }
    if (parser.target_size > limits.target) return failed(414, "request target too long");
    if (header_end - parser.fields_begin > limits.fields + 2) return failed(431, "header fields too large");
    return std::nullopt;
}

/// Absolute form (RFC 9112 section 3.2.2) to origin form. False: neither of them, nor '*'.
bool to_origin_form(RequestView& request) {
    auto& target = request.target;
    if (target.starts_with('/')) return true;
    if (target == "*") return request.method == Method::options;
    if (!iequals(target.substr(0, 7), "http://")) return false;
    auto const path = target.find_first_of("/?", 7);
    if (path == 7) return false;
    target = path == std::string_view::npos || target[path] == '?' ? std::string_view("/") : target.substr(path);
    return true;
}

}  // namespace

bool is_request_id(std::string_view text) noexcept {
    auto const allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    };
    return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, allowed);
}

ParseResult parse_request(std::string_view input, Limits const& limits, RequestView& request, std::string& body) {
    request = RequestView();
    body.clear();
    Parser parser(input, request, body, limits);
    beast::error_code ec;
    parser.eager(false);  // stop behind the header: its size is known there
    std::size_t used = parser.put(boost::asio::const_buffer(input.data(), input.size()), ec);
    bool const more = ec == bhttp::error::need_more;
    std::size_t const header_end = parser.is_header_done() ? used : end_of_header(input);
    if (auto fault = size_fault(parser, input, header_end, limits)) return *fault;
    if (ec && !more) return fault_of(ec, parser, input);
    if (!parser.is_header_done()) return {};
    if (!to_origin_form(request)) return failed(400, "bad request target");
    std::size_t const head = used;
    if (!parser.is_done()) {
        parser.eager(true);
        used += parser.put(boost::asio::const_buffer(input.data() + used, input.size() - used), ec);
        if (ec && ec != bhttp::error::need_more) return fault_of(ec, parser, input);
    }
    if (!parser.is_done()) return {ParseResult::State::need_body, head, 0, ""};
    return {ParseResult::State::complete, used, 0, ""};
}

class BodyReader::Impl {
public:
    Impl(std::string_view head, Limits const& limits) : head_(head), parser_(head_, request_, body_, limits) {
        beast::error_code ec;
        parser_.put(boost::asio::const_buffer(head_.data(), head_.size()), ec);
        to_origin_form(request_);
    }

    ParseResult feed(std::string_view input) {
        constexpr std::size_t max_chunk_line = 8 * 1024;
        beast::error_code ec;
        std::size_t const used = parser_.put(boost::asio::const_buffer(input.data(), input.size()), ec);
        if (ec && ec != bhttp::error::need_more) return fault_of(ec, parser_, head_);
        if (parser_.is_done()) return {ParseResult::State::complete, used, 0, ""};
        if (input.size() - used > max_chunk_line) return failed(400, "chunk header or trailer too long");
        return {ParseResult::State::need_more, used, 0, ""};
    }

    RequestView const& request() const noexcept { return request_; }

private:
    std::string head_;
    RequestView request_;
    std::string body_;
    Parser parser_;
};

BodyReader::BodyReader(std::string_view head, Limits const& limits) : impl_(std::make_unique<Impl>(head, limits)) {}
BodyReader::~BodyReader() = default;
ParseResult BodyReader::feed(std::string_view input) { return impl_->feed(input); }
RequestView const& BodyReader::request() const noexcept { return impl_->request(); }

}  // namespace mds::http
