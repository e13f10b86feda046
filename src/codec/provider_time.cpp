#include <codec/provider_time.hpp>

#include <codec/provider_predicate.hpp>

#include <array>
#include <charconv>
#include <cstdint>

namespace mds::codec {

namespace {

using namespace std::chrono;
using Micros = microseconds;

constexpr QuoteTime unreadable{QuoteTime::State::unreadable, {}, TimeSource::quote};
constexpr QuoteTime absent{QuoteTime::State::absent, {}, TimeSource::quote};
constexpr std::int64_t last_second = 253'402'300'799;  // 9999-12-31T23:59:59Z

struct NamedZone {
    std::string_view name;
    minutes standard;
    TimeZone::Summer summer;
};

constexpr std::array named_zones{
    NamedZone{"UTC", 0min, TimeZone::Summer::none},
    NamedZone{"America/New_York", -300min, TimeZone::Summer::united_states},
    NamedZone{"US/Eastern", -300min, TimeZone::Summer::united_states},
    NamedZone{"America/Chicago", -360min, TimeZone::Summer::united_states},
    NamedZone{"Europe/London", 0min, TimeZone::Summer::european_union},
    NamedZone{"Europe/Berlin", 60min, TimeZone::Summer::european_union},
    NamedZone{"Europe/Paris", 60min, TimeZone::Summer::european_union},
    NamedZone{"Europe/Warsaw", 60min, TimeZone::Summer::european_union},
    NamedZone{"Asia/Tokyo", 540min, TimeZone::Summer::none},
    NamedZone{"Asia/Shanghai", 480min, TimeZone::Summer::none},
    NamedZone{"Asia/Kolkata", 330min, TimeZone::Summer::none},
};

constexpr std::int64_t per_second(TimeEncoding encoding) noexcept {
    switch (encoding) {
        case TimeEncoding::unix_ms: return 1'000;
        case TimeEncoding::unix_us: return 1'000'000;
        case TimeEncoding::unix_ns: return 1'000'000'000;
        default: return 1;
    }
}

bool all_digits(std::string_view text) noexcept { return !text.empty() && text.find_first_not_of("0123456789") == text.npos; }

QuoteTime read_unix(std::string_view text, TimeEncoding encoding) noexcept {
    auto const point = text.find('.');
    auto const whole = text.substr(0, point);
    auto const fraction = point == text.npos ? std::string_view() : text.substr(point + 1);
    if (!all_digits(whole) || (point != text.npos && !all_digits(fraction))) return unreadable;
    std::int64_t units = 0;
    auto const [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), units);
    if (error != std::errc()) return unreadable;
    auto const rate = per_second(encoding);
    if (units / rate > last_second) return unreadable;
    std::int64_t micros = rate > 1'000'000 ? units / (rate / 1'000'000) : units * (1'000'000 / rate);
    std::int64_t digit = 1'000'000 / rate / 10;  // 0 where a unit is a microsecond or less: its fraction is floored away
    for (char const c : fraction) {
        micros += (c - '0') * digit;
        digit /= 10;
    }
    if (micros == 0) return absent;
    return {QuoteTime::State::found, UtcTime(Micros(micros)), TimeSource::quote};
}

std::optional<local_days> read_date(std::string_view text) noexcept {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    auto const number = [&](std::size_t at, std::size_t count) {
        int value = 0;
        for (char const c : text.substr(at, count)) {
            if (c < '0' || c > '9') return -1;
            value = value * 10 + (c - '0');
        }
        return value;
    };
    int const y = number(0, 4), m = number(5, 2), d = number(8, 2);
    if (y < 1 || m < 1 || d < 1) return std::nullopt;
    year_month_day const day{year(y), month(static_cast<unsigned>(m)), std::chrono::day(static_cast<unsigned>(d))};
    if (!day.ok()) return std::nullopt;
    return local_days(day);
}

/// A local date and time is RFC 3339 without its offset: the offset of Greenwich is put there, and taken as local.
QuoteTime read_local(std::string_view text, TimeZone const& zone) noexcept {
    if (text.size() > 40) return unreadable;
    std::array<char, 41> buffer{};
    text.copy(buffer.data(), text.size());
    buffer[text.size()] = 'Z';
    auto const as_utc = parse_rfc3339(std::string_view(buffer.data(), text.size() + 1));
    if (!as_utc) return unreadable;
    return {QuoteTime::State::found, zone.to_utc(local_time<Micros>(as_utc->time_since_epoch())), TimeSource::quote};
}

/// Summer time from 2007 on (United States: second Sunday of March to first of November, 02:00 local) and from 1996 on (European
/// Union: last Sundays of March and October, 01:00 UTC). Sources: Energy Policy Act of 2005; Directive 2000/84/EC.
bool is_summer(local_time<Micros> local, TimeZone const& zone) noexcept {
    year_month_day const date{floor<days>(local)};
    year const y = date.year();
    if (zone.summer == TimeZone::Summer::united_states) {
        auto const from = local_days(y / March / Sunday[2]) + 2h;
        auto const until = local_days(y / November / Sunday[1]) + 2h;
        return local >= from && local < until;
    }
    if (zone.summer == TimeZone::Summer::european_union) {
        auto const from = local_days(y / March / Sunday[last]) + 1h + zone.standard;
        auto const until = local_days(y / October / Sunday[last]) + 2h + zone.standard;
        return local >= from && local < until;
    }
    return false;
}

}  // namespace

std::optional<TimeZone> TimeZone::parse(std::string_view text) noexcept {
    for (auto const& zone : named_zones) {
        if (zone.name == text) return TimeZone{zone.summer, zone.standard};
    }
    if (text.size() != 6 && text.size() != 5) return std::nullopt;
    if (text.size() == 6 && text[3] != ':') return std::nullopt;
    auto const h = text.substr(1, 2), m = text.substr(text.size() - 2);
    if ((text[0] != '+' && text[0] != '-') || !all_digits(h) || !all_digits(m)) return std::nullopt;
    auto const minutes_east = ((h[0] - '0') * 10 + (h[1] - '0')) * 60 + (m[0] - '0') * 10 + (m[1] - '0');
    if (minutes_east > 14 * 60 || m[0] > '5') return std::nullopt;
    return TimeZone{Summer::none, minutes(text[0] == '-' ? -minutes_east : minutes_east)};
}

UtcTime TimeZone::to_utc(std::chrono::local_time<std::chrono::microseconds> local) const noexcept {
    auto const offset = standard + (is_summer(local, *this) ? 60min : 0min);
    return UtcTime(local.time_since_epoch() - offset);
}

QuoteTime read_time(std::string_view text, TimeEncoding encoding, TimeZone const& zone) noexcept {
    switch (encoding) {
        case TimeEncoding::rfc3339: {
            auto const at = parse_rfc3339(text);
            return at ? QuoteTime{QuoteTime::State::found, *at, TimeSource::quote} : unreadable;
        }
        case TimeEncoding::datetime: return read_local(text, zone);
        case TimeEncoding::date: {
            auto const day = read_date(text);
            return day ? QuoteTime{QuoteTime::State::found, zone.to_utc(*day), TimeSource::date} : unreadable;
        }
        default: return read_unix(text, encoding);
    }
}

QuoteTime find_time(TimeField const& field, Json const& row, SpelledSymbol const& symbol, bool ignore_case) {
    std::string joined;
    for (auto const& path : field.paths) {
        auto const* value = path.find(row, symbol, ignore_case);
        if (value == nullptr) return absent;
        auto const text = scalar_text(*value);
        if (!text || text->empty()) return value->is_null() || text ? absent : unreadable;
        if (!joined.empty()) joined += ' ';
        joined += *text;
    }
    return read_time(joined, field.encoding, field.zone);
}

}  // namespace mds::codec
