#include <codec/provider_request.hpp>

#include <algorithm>
#include <array>

namespace mds::codec {

namespace {

using namespace std::chrono;

constexpr std::string_view digits = "0123456789";

/// Takes a part of a fixed form from the front of `text`; what does not fit makes the whole void.
class Cursor {
public:
    explicit Cursor(std::string_view text) noexcept : text_(text) {}

    bool good() const noexcept { return good_ && text_.empty(); }
    void literal(std::string_view wanted) noexcept {
        good_ = good_ && text_.starts_with(wanted);
        if (good_) text_.remove_prefix(wanted.size());
    }
    /// Exactly `width` digits; `padded`: the first may be a space.
    unsigned number(std::size_t width, bool padded = false) noexcept {
        auto part = take(width);
        if (padded && part.starts_with(' ')) part.remove_prefix(1);
        good_ = good_ && !part.empty() && part.find_first_not_of(digits) == part.npos;
        unsigned value = 0;
        for (char const c : part) value = value * 10 + static_cast<unsigned>(c - '0');
        return good_ ? value : 0;
    }
    /// The index of the one that comes next.
    template <std::size_t N>
    std::size_t one_of(std::array<std::string_view, N> const& names) noexcept {
        auto const found = std::ranges::find_if(names, [this](auto const name) { return text_.starts_with(name); });
        good_ = good_ && found != names.end();
        if (good_) text_.remove_prefix(found->size());
        return static_cast<std::size_t>(found - names.begin());
    }

private:
    std::string_view take(std::size_t width) noexcept {
        good_ = good_ && text_.size() >= width;
        if (!good_) return {};
        auto const part = text_.substr(0, width);
        text_.remove_prefix(width);
        return part;
    }
    std::string_view text_;
    bool good_ = true;
};

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> days{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 7> long_days{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

struct Date {
    unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;

    void read_time(Cursor& at) noexcept {
        hour = at.number(2);
        at.literal(":");
        minute = at.number(2);
        at.literal(":");
        second = at.number(2);
    }
    void read_month(Cursor& at) noexcept { month = static_cast<unsigned>(at.one_of(months)) + 1; }
    std::optional<sys_seconds> when() const noexcept {
        year_month_day const date{std::chrono::year(static_cast<int>(year)), std::chrono::month(month), std::chrono::day(day)};
        if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
        return sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
    }
};

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<sys_seconds> preferred_date(std::string_view text) noexcept {
    Cursor at(text);
    Date date;
    at.one_of(days);
    at.literal(", ");
    date.day = at.number(2);
    at.literal(" ");
    date.read_month(at);
    at.literal(" ");
    date.year = at.number(4);
    at.literal(" ");
    date.read_time(at);
    at.literal(" GMT");
    return at.good() ? date.when() : std::nullopt;
}

/// RFC 850: "Sunday, 06-Nov-94 08:49:37 GMT". A year that would lie more than 50 years ahead is one of the past.
std::optional<sys_seconds> rfc850_date(std::string_view text, UtcTime now) noexcept {
    Cursor at(text);
    Date date;
    at.one_of(long_days);
    at.literal(", ");
    date.day = at.number(2);
    at.literal("-");
    date.read_month(at);
    at.literal("-");
    auto const short_year = at.number(2);
    at.literal(" ");
    date.read_time(at);
    at.literal(" GMT");
    auto const this_year = static_cast<unsigned>(static_cast<int>(year_month_day(floor<std::chrono::days>(now)).year()));
    date.year = this_year / 100 * 100 + short_year;
    if (date.year > this_year + 50) date.year -= 100;
    return at.good() ? date.when() : std::nullopt;
}

/// C's asctime(): "Sun Nov  6 08:49:37 1994"
std::optional<sys_seconds> asctime_date(std::string_view text) noexcept {
    Cursor at(text);
    Date date;
    at.one_of(days);
    at.literal(" ");
    date.read_month(at);
    at.literal(" ");
    date.day = at.number(2, true);
    at.literal(" ");
    date.read_time(at);
    at.literal(" ");
    date.year = at.number(4);
    return at.good() ? date.when() : std::nullopt;
}

/// Whole seconds, rounded up: some servers send fractions or a sign, which the form does not know.
std::optional<seconds> delay(std::string_view text, seconds longest) noexcept {
    bool const negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    auto const whole = text.substr(0, text.find('.'));
    auto const fraction = whole.size() < text.size() ? text.substr(whole.size() + 1) : std::string_view("0");
    auto const all_digits = [](std::string_view part) { return !part.empty() && part.find_first_not_of(digits) == part.npos; };
    if (!all_digits(whole) || !all_digits(fraction)) return std::nullopt;
    if (negative) return seconds(0);
    seconds value(0);
    for (char const c : whole) value = std::min(longest, value * 10 + seconds(c - '0'));
    if (fraction.find_first_not_of('0') != fraction.npos) value += seconds(1);
    return std::min(longest, value);
}

}  // namespace

std::optional<seconds> read_retry_after(std::string_view text, UtcTime now) noexcept {
    constexpr seconds longest = 1h;
    auto const blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    if (auto const wait = delay(text, longest)) return wait;
    auto date = preferred_date(text);
    if (!date) date = rfc850_date(text, now);
    if (!date) date = asctime_date(text);
    if (!date) return std::nullopt;
    return std::clamp(ceil<seconds>(*date - now), seconds(0), longest);
}

}  // namespace mds::codec
