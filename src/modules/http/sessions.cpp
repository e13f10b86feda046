#include "modules/http/sessions.hpp"

#include "modules/http/problem.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <utility>

namespace mds::http {
namespace {

/// Answers are sent once this much is waiting, even if further requests are at hand: a bound on what one connection makes us hold.
constexpr std::size_t send_at = 32 * 1024;
/// A request line or header that grows byte by byte is parsed anew when a line ends, or after this much.
constexpr std::size_t parse_every = 1024;

Request own(RequestView const& view, Frame const& frame) {
    Request request;
    request.method = view.method;
    request.path = path_of(view.target);
    request.query = query_of(view.target);
    request.id = frame.request_id;
    request.if_none_match = view.if_none_match;
    request.content_type = view.content_type;
    request.has_content_type = view.has_content_type;
    request.has_idempotency_key = view.has_idempotency_key;
    request.idempotency_key = view.idempotency_key;
    request.body = view.body;
    return request;
}

}  // namespace

Sessions::Sessions(IoExecutor executor, Epoll& epoll, Options const& options, RequestHandler const& handler, PeerCounts& peers,
                   Clock& clock, std::uint64_t id_seed, support::Log log, RequestCounts& counts)
    : executor_(executor),
      epoll_(epoll),
      options_(options),
      handler_(handler),
      peers_(peers),
      clock_(clock),
      log_(std::move(log)),
      counts_(counts),
      id_state_(id_seed) {
    look_at_clock();
}

std::size_t Sessions::process(Connection& connection, std::string_view input) {
    std::size_t used = 0;
    while (connection.phase == Phase::reading && !connection.close_after && used < input.size()) {
        std::size_t const step = connection.body ? read_body(connection, input.substr(used)) : process_one(connection, input.substr(used));
        used += step;
        if (step == 0) break;
        if (out_.size() >= send_at && !flush(connection)) break;
    }
    return used;
}

/// One request at the front of `input`: the number of bytes that it used, 0 where it is not complete.
std::size_t Sessions::process_one(Connection& connection, std::string_view input) {
    // An empty line before a request is skipped (RFC 9112 section 2.2).
    if (input.starts_with("\r\n")) return 2;
    if (connection.looked_at > 0) {
        bool const grown = input.size() >= connection.looked_at + parse_every;
        if (!grown && input.find('\n', connection.looked_at) == std::string_view::npos) return 0;
    }
    RequestView request;
    ParseResult const result = parse_request(input, options_.limits, request, body_);
    connection.looked_at = 0;
    switch (result.state) {
        case ParseResult::State::need_more:
            if (input != "\r") connection.looked_at = input.size();
            return 0;
        case ParseResult::State::failed: fail(connection, result.status, result.reason, request); return input.size();
        case ParseResult::State::need_body:
            await_body(connection, input.substr(0, result.consumed), request, result.consumed == input.size());
            return result.consumed;
        case ParseResult::State::complete: dispatch(connection, request); return result.consumed;
    }
    return 0;
}

void Sessions::await_body(Connection& connection, std::string_view head, RequestView const& request, bool nothing_yet) {
    connection.body = std::make_unique<BodyReader>(head, options_.limits);
    connection.timing = true;
    wheel_.set(connection, options_.deadlines.body);
    if (request.expects_continue && !request.http10 && nothing_yet) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
}

std::size_t Sessions::read_body(Connection& connection, std::string_view input) {
    ParseResult const result = connection.body->feed(input);
    if (result.state == ParseResult::State::failed) {
        fail(connection, result.status, result.reason, connection.body->request());
        return input.size();
    }
    if (result.state == ParseResult::State::complete) {
        auto const reader = std::move(connection.body);
        dispatch(connection, reader->request());
    }
    return result.consumed;
}

void Sessions::dispatch(Connection& connection, RequestView const& request) {
    Frame const frame = frame_of(request);
    connection.served = true;
    connection.timing = false;
    connection.last_active = wheel_.now();
    int const status = handler_.answer_at_once(request, frame, out_);
    if (status == 0) return answer_later(connection, request, frame);
    ++(status == 304 ? at_once_unchanged_ : at_once_ok_);
    connection.close_after = !frame.keep_alive;
}

void Sessions::answer_later(Connection& connection, RequestView const& request, Frame const& frame) {
    connection.phase = Phase::answering;
    ConnectionPtr const held(&connection);
    Request owned = own(request, frame);
    auto const awaited = std::make_shared<Awaited const>(Awaited{owned.id, owned.path, began_, frame.head, frame.http10, frame.keep_alive});
    connection.awaited = awaited;
    // Posted, because co_spawn may run the coroutine, and its end, before it returns.
    boost::asio::post(executor_, [this, held, awaited, owned = std::move(owned)]() mutable {
        boost::asio::co_spawn(executor_, handler_.answer(std::move(owned)),
                              [this, held, awaited](std::exception_ptr const& error, Reply reply) {
                                  if (error) {
                                      try {
                                          std::rethrow_exception(error);
                                      } catch (std::exception const& e) {
                                          log_.error("http.handler_failed", {{"request_id", awaited->id}, {"error", e.what()}});
                                      }
                                      reply = Reply(500, problem_type, problem_body(500, "internal error", awaited->path, awaited->id));
                                  }
                                  if (held->awaited == awaited) answered(*held, *awaited, reply);  // else it was given up
                              });
    });
}

void Sessions::answered(Connection& connection, Awaited const& awaited, Reply const& reply) {
    auto const keep = std::exchange(connection.awaited, nullptr);
    counts_.answered(reply.route, reply.status, clock_.steady_now() - awaited.arrived);
    if (connection.phase == Phase::closed) return;  // the peer did not wait
    look_at_clock();
    Frame frame;
    frame.request_id = awaited.id;
    frame.date = date_;
    frame.now = now_;
    frame.head = awaited.head;
    frame.http10 = awaited.http10;
    frame.keep_alive = awaited.keep_alive && !draining_ && !connection.close_after;
    append_reply(out_, reply, frame);
    connection.phase = Phase::reading;
    connection.last_active = wheel_.now();
    connection.close_after = !frame.keep_alive;
    resume(connection);
    count_at_once();
}

/// The handler hangs, or waits for what hangs. Its connection does not: an answer of its that comes later is dropped.
void Sessions::give_up(Connection& connection) {
    auto const awaited = connection.awaited;
    counts_.deadlines_passed.add(1);
    log_.error("http.answer_overdue", {{"request_id", awaited->id}, {"path", awaited->path}});
    connection.close_after = true;
    Reply reply(504, problem_type, problem_body(504, "the answer was not ready in time", awaited->path, awaited->id));
    answered(connection, *awaited, reply);
}

/// `seen`: as much of the request as could be read. Its id is the client's only clue which one it was.
void Sessions::fail(Connection& connection, int status, std::string_view detail, RequestView const& seen) {
    Frame frame;
    frame.request_id = seen.request_id.empty() ? new_id() : seen.request_id;
    frame.date = date_;
    frame.keep_alive = false;
    bool const shown = seen.target.starts_with('/') && seen.target.size() <= options_.limits.target;
    auto const path = shown ? path_of(seen.target) : std::string_view("/");
    Reply const reply(status, problem_type, problem_body(status, detail, path, frame.request_id));
    append_reply(out_, reply, frame);
    connection.close_after = true;
    connection.body.reset();
    counts_.answered(0, status, {});
}

std::string Sessions::refusal() {
    look_at_clock();
    Frame frame;
    frame.request_id = new_id();
    frame.date = date_;
    frame.keep_alive = false;
    Reply reply(503, problem_type, problem_body(503, "too many connections", "/", frame.request_id));
    reply.add("Retry-After", "1");
    std::string bytes;
    append_reply(bytes, reply, frame);
    return bytes;
}

void Sessions::look_at_clock() {
    now_ = clock_.now();
    began_ = clock_.steady_now();
    auto const second = std::chrono::floor<std::chrono::seconds>(now_).time_since_epoch().count();
    if (second == date_second_) return;
    date_second_ = second;
    date_ = imf_fixdate(now_);
}

void Sessions::count_at_once() {
    if (at_once_ok_ + at_once_unchanged_ == 0) return;
    auto const took = clock_.steady_now() - began_;
    if (at_once_ok_ > 0) counts_.answered(1, 200, took, at_once_ok_);
    if (at_once_unchanged_ > 0) counts_.answered(1, 304, took, at_once_unchanged_);
    at_once_ok_ = at_once_unchanged_ = 0;
}

Frame Sessions::frame_of(RequestView const& request) {
    Frame frame;
    frame.request_id = request.request_id.empty() ? new_id() : request.request_id;
    frame.date = date_;
    frame.now = now_;
    frame.head = request.method == Method::head;
    frame.http10 = request.http10;
    frame.keep_alive = request.keep_alive && !draining_;
    return frame;
}

/// SplitMix64 over a counter that starts at random: each value once, no two neighbours alike. Not a secret.
std::string_view Sessions::new_id() {
    static constexpr std::string_view hex = "0123456789abcdef";
    std::uint64_t x = id_state_ += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
    for (char& digit : id_) {
        digit = hex[x & 15];
        x >>= 4;
    }
    return {id_.data(), id_.size()};
}

}  // namespace mds::http
