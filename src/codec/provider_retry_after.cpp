#include <codec/provider_request.hpp>

#include <algorithm>
#include <array>

namespace mds::codec {

namespace {

using namespace std::chrono;

std::optional<unsigned> number(std::string_view text) noexcept {
    unsigned value = 0;
    for (char const c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    return value;
}

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<sys_seconds> http_date(std::string_view text) noexcept {
    constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    if (text.size() != 29 || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' ||
        text[22] != ':' || text.substr(25) != " GMT") {
        return std::nullopt;
    }
    auto const name = std::find(months.begin(), months.end(), text.substr(8, 3));
    auto const d = number(text.substr(5, 2)), y = number(text.substr(12, 4));
    auto const h = number(text.substr(17, 2)), m = number(text.substr(20, 2)), s = number(text.substr(23, 2));
    if (name == months.end() || !d || !y || !h || !m || !s || *h > 23 || *m > 59 || *s > 60) return std::nullopt;
    year_month_day const date{year(static_cast<int>(*y)), month(static_cast<unsigned>(name - months.begin()) + 1), day(*d)};
    if (!date.ok()) return std::nullopt;
    return sys_days(date) + hours(*h) + minutes(*m) + seconds(*s);
}

}  // namespace

std::optional<seconds> read_retry_after(std::string_view text, UtcTime now) noexcept {
    constexpr seconds longest = 1h;
    auto const blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    if (text.empty()) return std::nullopt;
    if (text.find_first_not_of("0123456789") == text.npos) {
        return text.size() > 6 ? longest : std::min(longest, seconds(*number(text)));
    }
    auto const date = http_date(text);
    if (!date) return std::nullopt;
    return std::clamp(ceil<seconds>(*date - now), seconds(0), longest);
}

}  // namespace mds::codec
