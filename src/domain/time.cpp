#include <mds/domain/time.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace mds {
namespace {

namespace chrono = std::chrono;

constexpr UtcTime first_time = chrono::sys_days(chrono::year(1) / chrono::January / 1);
constexpr UtcTime end_of_time = chrono::sys_days(chrono::year(10'000) / chrono::January / 1);

/// `value` in `width` digits.
void append_digits(std::string& out, int value, int width) {
    std::array<char, 8> digits;
    for (int i = width; i > 0; --i, value /= 10) digits[static_cast<std::size_t>(i - 1)] = static_cast<char>('0' + value % 10);
    out.append(digits.data(), static_cast<std::size_t>(width));
}

/// Reads fixed-width fields off the front of a text; after the first mismatch everything fails.
class Fields {
public:
    explicit Fields(std::string_view text) noexcept : rest_(text) {}

    template <std::size_t width>
    int digits() noexcept {
        if (rest_.size() < width) return fail();
        int value = 0;
        int highest = 0;
        for (std::size_t i = 0; i < width; ++i) {
            int const digit = static_cast<unsigned char>(rest_[i] - '0');
            highest = std::max(highest, digit);
            value = value * 10 + digit;
        }
        if (highest > 9) return fail();
        rest_.remove_prefix(width);
        return value;
    }

    template <char... set>
    bool skip_one_of() noexcept {
        if (rest_.empty() || ((rest_.front() != set) && ...)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    template <char... set>
    void expect_one_of() noexcept {
        if (!skip_one_of<set...>()) fail();
    }

    /// The digits behind a point as microseconds, floored.
    int fraction() noexcept {
        if (!next_is_digit(0)) return fail();
        int value = 0;
        int scale = 100'000;
        for (; next_is_digit(0); scale /= 10) {
            value += (rest_.front() - '0') * scale;
            rest_.remove_prefix(1);
        }
        return value;
    }

    bool good_to_the_end() const noexcept { return good_ && rest_.empty(); }

private:
    bool next_is_digit(std::size_t i) const noexcept { return i < rest_.size() && rest_[i] >= '0' && rest_[i] <= '9'; }

    int fail() noexcept {
        good_ = false;
        rest_ = {};
        return 0;
    }

    std::string_view rest_;
    bool good_ = true;
};

/// 'Z', "±hh:mm" or "±hhmm". nullopt where hours or minutes are out of range; other faults stay in `fields`.
std::optional<chrono::minutes> offset_of(Fields& fields) noexcept {
    if (fields.skip_one_of<'Z', 'z'>()) return chrono::minutes(0);
    bool const west = fields.skip_one_of<'-'>();
    if (!west) fields.expect_one_of<'+'>();
    int const hours = fields.digits<2>();
    fields.skip_one_of<':'>();
    int const minutes = fields.digits<2>();
    if (hours > 23 || minutes > 59) return std::nullopt;
    chrono::minutes const offset = chrono::hours(hours) + chrono::minutes(minutes);
    return west ? -offset : offset;
}

}  // namespace

std::string format_rfc3339(UtcTime time) {
    std::string text;
    text.reserve(27);
    append_rfc3339(text, time);
    return text;
}

void append_rfc3339(std::string& out, UtcTime time) {
    time = std::clamp(time, first_time, end_of_time - chrono::microseconds(1));
    auto const day = chrono::floor<chrono::days>(time);
    chrono::year_month_day const date(day);
    chrono::hh_mm_ss const clock(time - day);
    append_digits(out, static_cast<int>(date.year()), 4);
    out += '-';
    append_digits(out, static_cast<int>(static_cast<unsigned>(date.month())), 2);
    out += '-';
    append_digits(out, static_cast<int>(static_cast<unsigned>(date.day())), 2);
    out += 'T';
    append_digits(out, static_cast<int>(clock.hours().count()), 2);
    out += ':';
    append_digits(out, static_cast<int>(clock.minutes().count()), 2);
    out += ':';
    append_digits(out, static_cast<int>(clock.seconds().count()), 2);
    if (auto const micros = static_cast<int>(clock.subseconds().count()); micros != 0) {
        out += '.';
        append_digits(out, micros, 6);
        while (out.back() == '0') out.pop_back();
    }
    out += 'Z';
}

std::optional<UtcTime> parse_rfc3339(std::string_view text) noexcept {
    Fields fields(text);
    chrono::year const year(fields.digits<4>());
    fields.expect_one_of<'-'>();
    chrono::month const month(static_cast<unsigned>(fields.digits<2>()));
    fields.expect_one_of<'-'>();
    chrono::day const day(static_cast<unsigned>(fields.digits<2>()));
    fields.expect_one_of<'T', 't', ' '>();
    int const hour = fields.digits<2>();
    fields.expect_one_of<':'>();
    int const minute = fields.digits<2>();
    fields.expect_one_of<':'>();
    int const second = fields.digits<2>();
    int const micros = fields.skip_one_of<'.'>() ? fields.fraction() : 0;
    auto const offset = offset_of(fields);
    auto const date = year / month / day;
    if (!fields.good_to_the_end() || !offset || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    UtcTime const time = chrono::sys_days(date) + chrono::hours(hour) + chrono::minutes(minute) + chrono::seconds(second) +
                         chrono::microseconds(micros) - *offset;
    if (time < first_time || time >= end_of_time) return std::nullopt;
    return time;
}

}  // namespace mds
