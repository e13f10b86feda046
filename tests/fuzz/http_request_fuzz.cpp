// Bytes of a connection: requests are parsed as they are in a session, and their targets' queries read as routes read them.
#include "modules/http/page_token.hpp"
#include "modules/http/query.hpp"
#include "modules/http/request_parser.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace mds::http;
using State = ParseResult::State;

void require(bool holds) {
    if (!holds) std::abort();
}

void read_query(std::string_view target) {
    static constexpr std::array<std::string_view, 6> known{"symbol", "start", "end", "limit", "sort", "page_token"};
    static constexpr std::array<std::string_view, 2> sorts{"asc", "desc"};
    Faults faults;
    Query query(query_of(target), known, faults);
    if (auto const limit = query.integer("limit", 1, 10'000)) require(*limit >= 1 && *limit <= 10'000);
    if (auto const symbol = query.symbol("symbol", mds::SymbolCase::upper)) require(mds::Symbol::parse(symbol->str()) == symbol);
    if (auto const start = query.time("start")) require(mds::parse_rfc3339(mds::format_rfc3339(*start)) == start);
    query.choice("sort", sorts);
    if (auto const* const token = query.find("page_token")) PageTokens("").read("scope", *token);
    require(problem_body(422, "x", path_of(target), "id", faults).starts_with("{\"type\""));
}

/// What is found must not depend on how the bytes were cut into pieces.
void feed_in_two(std::string_view head, std::string_view body, Limits const& limits) {
    BodyReader whole(head, limits);
    auto const once = whole.feed(body);
    BodyReader cut(head, limits);
    std::size_t const half = body.size() / 2;
    auto const first = cut.feed(body.substr(0, half));
    require(first.consumed <= half);
    if (first.state != State::need_more) return;
    auto const second = cut.feed(body.substr(first.consumed));
    require((second.state == State::complete) == (once.state == State::complete));
    if (second.state == State::complete) require(cut.request().body == whole.request().body && whole.request().body.size() <= limits.body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string const bytes(data, data + size);
    std::string_view input(bytes);
    Limits const limits;
    std::string body;
    for (int requests = 0; requests < 16 && !input.empty(); ++requests) {
        RequestView request;
        auto const result = parse_request(input, limits, request, body);
        require(result.consumed <= input.size());
        if (result.state == State::failed) require(result.status >= 400 && result.status <= 505);
        if (result.state == State::complete || result.state == State::need_body) {
            require(!request.target.empty() && request.target.size() <= limits.target);
            read_query(request.target);
        }
        if (result.state == State::need_body) feed_in_two(input.substr(0, result.consumed), input.substr(result.consumed), limits);
        if (result.state != State::complete) break;
        require(result.consumed > 0);
        input.remove_prefix(result.consumed);
    }
    return 0;
}
