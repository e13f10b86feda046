#include "modules/http/latest_at_once.hpp"

#include "modules/http/reply.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>

namespace mds::http {
namespace {

/// Parameters in the plain form: each at most once, nothing encoded.
struct Plain {
    std::array<char, Symbol::max_size> symbol;
    std::size_t symbol_size = 0;
    std::optional<std::string_view> provider;
    std::optional<std::chrono::seconds> max_age;
};

/// Folded and checked as Symbol::parse does; 0: not in the plain form.
std::size_t read_symbol(std::string_view text, SymbolCase fold, std::array<char, Symbol::max_size>& symbol) noexcept {
    if (text.size() > symbol.size()) return 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        bool const lower = c >= 'a' && c <= 'z';
        bool const plain = lower || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == '^' || c == '/' ||
                           c == ':' || c == '=';
        if (!plain) return 0;
        symbol[i] = lower && fold == SymbolCase::upper ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return text.size();
}

bool read_one(std::string_view name, std::string_view value, SymbolCase fold, Plain& plain) noexcept {
    if (name == "symbol") {
        if (plain.symbol_size != 0) return false;
        plain.symbol_size = read_symbol(value, fold, plain.symbol);
        return plain.symbol_size != 0;
    }
    if (name == "max_age") {
        if (plain.max_age) return false;
        long long seconds = 0;
        auto const [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
        if (value.empty() || end != value.data() + value.size() || error != std::errc() || seconds <= 0 || seconds > 1'000'000'000) return false;
        plain.max_age = std::chrono::seconds(seconds);
        return true;
    }
    if (name != "provider" || plain.provider || value.empty() || value == "auto") return false;
    plain.provider = value;
    return true;
}

std::optional<Plain> read_plain(std::string_view query, SymbolCase fold) noexcept {
    Plain plain;
    while (!query.empty()) {
        auto const end = std::min(query.find('&'), query.size());
        auto const pair = query.substr(0, end);
        auto const equals = pair.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        if (!read_one(pair.substr(0, equals), pair.substr(equals + 1), fold, plain)) return std::nullopt;
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    if (plain.symbol_size == 0) return std::nullopt;
    return plain;
}

}  // namespace

void append_etag(std::string& out, Uuid const& point) {
    static constexpr std::string_view hex = "0123456789abcdef";
    std::array<char, 34> text;
    std::size_t at = 0;
    text[at++] = '"';
    for (auto const byte : point.bytes) {
        text[at++] = hex[byte >> 4];
        text[at++] = hex[byte & 15];
    }
    text[at++] = '"';
    out.append(text.data(), text.size());
}

bool etag_matches(std::string_view if_none_match, std::string_view etag) noexcept {
    while (!if_none_match.empty()) {
        auto const end = std::min(if_none_match.find(','), if_none_match.size());
        auto item = if_none_match.substr(0, end);
        if_none_match.remove_prefix(std::min(end + 1, if_none_match.size()));
        while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
        while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
        if (item == "*") return true;
        if (item.starts_with("W/")) item.remove_prefix(2);
        if (item == etag) return true;
    }
    return false;
}

int LatestAtOnce::answer(RequestView const& request, Frame const& frame, std::string& out) const {
    constexpr std::string_view path = "/prices/latest?";
    if (!request.target.starts_with(path) || (request.method != Method::get && request.method != Method::head)) return 0;
    auto const plain = read_plain(request.target.substr(path.size()), options_.symbol_case);
    if (!plain) return 0;
    std::string_view const symbol(plain->symbol.data(), plain->symbol_size);
    auto const max_age = plain->max_age.value_or(options_.max_age);
    int status = 0;
    cache_.visit(symbol, plain->provider.value_or(options_.default_provider), [&](CachedPrice const& cached) {
        auto const age = std::chrono::floor<std::chrono::milliseconds>(frame.now - cached.fetched_at());
        if (age < std::chrono::milliseconds(0) || age > max_age) return;
        std::string etag;
        if (!request.if_none_match.empty()) append_etag(etag, cached.id());
        status = !etag.empty() && etag_matches(request.if_none_match, etag) ? 304 : 200;
        append_head(out, status, frame);
        out += "Cache-Control: no-cache\r\nX-Price-Source: memory\r\nAge: ";
        append_number(out, static_cast<std::uint64_t>(age.count() / 1000));
        out += "\r\nETag: ";
        append_etag(out, cached.id());
        out += "\r\n";
        if (status == 304) {
            out += "\r\n";
        } else {
            append_body(out, json_type, cached.body(), frame);
        }
    });
    return status;
}

}  // namespace mds::http
