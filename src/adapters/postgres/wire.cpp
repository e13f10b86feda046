#include "adapters/postgres/wire.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace mds::postgres {
namespace {

/// 2000-01-01 in microseconds since 1970, from where PostgreSQL counts.
constexpr std::int64_t epoch_offset = 946'684'800'000'000;
constexpr std::int64_t lowest = INT64_MIN;   // '-infinity'
constexpr std::int64_t highest = INT64_MAX;  // 'infinity'

/// Big-endian, at `at`.
void store_u32(std::string& out, std::size_t at, std::uint32_t value) noexcept {
    for (std::size_t i = 0; i < 4; ++i) out[at + i] = static_cast<char>(value >> (24 - 8 * i));
}

void put_u32(std::string& out, std::uint32_t value) {
    std::array const bytes{static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
                           static_cast<char>(value)};
    out.append(bytes.data(), bytes.size());
}

void put_u16(std::string& out, std::uint16_t value) {
    out.push_back(static_cast<char>(value >> 8));
    out.push_back(static_cast<char>(value));
}

/// Digits to the base of 10,000 with the point between two of them ("numeric_send" in the server's source): how many, the power of
/// the first, the sign, the decimals to show, then the digits. Below 10^20, with 17 to 19 decimals: five digits on each side of the
/// point.
template <int Decimals>
void put_numeric(std::string& out, Int128 units) {
    constexpr auto power_of_ten = [](int exponent) {
        std::uint64_t power = 1;
        while (exponent-- > 0) power *= 10;
        return power;
    };
    constexpr std::uint64_t base = 10'000;
    constexpr std::uint64_t one = power_of_ten(Decimals);
    constexpr std::uint64_t last = power_of_ten(Decimals - 16);  // what the last digit holds of the decimals
    static_assert(Decimals > 16 && Decimals < 20);
    auto whole = static_cast<std::uint64_t>(units / one);
    auto fraction = static_cast<std::uint64_t>(units % one);
    std::array<std::uint16_t, 10> digits{};
    digits[9] = static_cast<std::uint16_t>(fraction % last * (base / last));
    fraction /= last;
    for (std::size_t i = 8; i >= 5; --i, fraction /= base) digits[i] = static_cast<std::uint16_t>(fraction % base);
    for (std::size_t i = 5; i-- > 0; whole /= base) digits[i] = static_cast<std::uint16_t>(whole % base);
    auto const* const first = std::find_if(digits.begin(), digits.end(), [](auto digit) { return digit != 0; });
    put_u16(out, static_cast<std::uint16_t>(digits.end() - first));
    put_u16(out, static_cast<std::uint16_t>(digits.begin() + 4 - first));
    put_u16(out, 0);
    put_u16(out, Decimals);
    for (auto const* digit = first; digit != digits.end(); ++digit) put_u16(out, *digit);
}

std::uint32_t get_u32(std::string_view data) noexcept {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(data[i]);
    return value;
}

/// Bytes of the UTF-8 character that `text` begins with; 0 where it begins with none. By the table of RFC 3629.
std::size_t utf8_length(std::string_view text) noexcept {
    auto const byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    auto const tail = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
    unsigned const first = byte(0);
    unsigned const second = byte(1);
    if (first < 0x80) return first == 0 ? 0 : 1;
    if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        bool const good = (first != 0xE0 || second >= 0xA0) && (first != 0xED || second < 0xA0);
        return good && tail(1) && tail(2) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        bool const good = (first != 0xF0 || second >= 0x90) && (first != 0xF4 || second < 0x90);
        return good && tail(1) && tail(2) && tail(3) ? 4 : 0;
    }
    return 0;
}

}  // namespace

void put(std::string& out, bool value) {
    out.push_back(value ? '\1' : '\0');
}
void put(std::string& out, std::int16_t value) {
    put_u16(out, static_cast<std::uint16_t>(value));
}
void put(std::string& out, std::int32_t value) {
    put_u32(out, static_cast<std::uint32_t>(value));
}
void put(std::string& out, std::int64_t value) {
    auto const bits = static_cast<std::uint64_t>(value);
    put_u32(out, static_cast<std::uint32_t>(bits >> 32));
    put_u32(out, static_cast<std::uint32_t>(bits));
}
void put(std::string& out, Price value) {
    put_numeric<Price::decimals>(out, value.units());
}
void put(std::string& out, Average value) {
    put_numeric<Average::decimals>(out, value.units());
}
void put(std::string& out, std::string_view value) {
    out.append(value);
}
void put(std::string& out, Bytes value) {
    out.append(value.view);
}
void put(std::string& out, Uuid const& value) {
    for (auto const byte : value.bytes) out.push_back(static_cast<char>(byte));
}
void put(std::string& out, UtcTime value) {
    if (value == earliest) return put(out, lowest);
    if (value == latest_of_all) return put(out, highest);
    put(out, value.time_since_epoch().count() - epoch_offset);
}

std::int64_t get_integer(std::string_view data) noexcept {
    switch (data.size()) {
        case 1: return static_cast<signed char>(data[0]);
        case 2: return static_cast<std::int16_t>(static_cast<unsigned char>(data[0]) << 8 | static_cast<unsigned char>(data[1]));
        case 4: return static_cast<std::int32_t>(get_u32(data));
        case 8: return static_cast<std::int64_t>(std::uint64_t{get_u32(data)} << 32 | get_u32(data.substr(4)));
        default: return 0;
    }
}

UtcTime get_time(std::string_view data) noexcept {
    std::int64_t const micros = get_integer(data);
    if (micros == highest || micros == lowest) return UtcTime{};
    return UtcTime(std::chrono::microseconds(micros + epoch_offset));
}

Uuid get_uuid(std::string_view data) noexcept {
    Uuid id;
    if (data.size() == id.bytes.size()) std::memcpy(id.bytes.data(), data.data(), data.size());
    return id;
}

std::vector<std::string> get_texts(std::string_view data) {
    constexpr std::size_t header = 20;
    std::vector<std::string> texts;
    if (data.size() < header || get_u32(data) != 1) return texts;
    std::uint32_t const count = get_u32(data.substr(12));
    std::size_t at = header;
    for (std::uint32_t i = 0; i < count && data.size() - at >= 4; ++i) {
        auto const length = static_cast<std::int32_t>(get_u32(data.substr(at)));
        at += 4;
        if (length < 0) continue;
        texts.emplace_back(data.substr(at, static_cast<std::size_t>(length)));
        at += static_cast<std::size_t>(length);
    }
    return texts;
}

std::size_t Column::open() {
    ++count_;
    put_u32(items_, 0);
    return items_.size();
}

/// Writes the item's length before it.
void Column::close(std::size_t at) noexcept {
    store_u32(items_, at - 4, static_cast<std::uint32_t>(items_.size() - at));
}

void Column::add_null() {
    ++count_;
    has_null_ = true;
    put_u32(items_, 0xFFFF'FFFF);
}

void Column::append_to(std::string& out) const {
    put_u32(out, count_ == 0 ? 0 : 1);  // dimensions
    put_u32(out, has_null_ ? 1 : 0);
    put_u32(out, static_cast<std::uint32_t>(type_));
    if (count_ == 0) return;
    put_u32(out, static_cast<std::uint32_t>(count_));
    put_u32(out, 1);  // the first index
    out.append(items_);
}

CopyRows::CopyRows(std::size_t bytes) : data_("PGCOPY\n\377\r\n\0", 11) {
    data_.reserve(bytes);
    put_u32(data_, 0);  // flags
    put_u32(data_, 0);  // no extension
}

std::string_view CopyRows::finish() {
    put_count(-1);
    return data_;
}

void CopyRows::put_count(std::int16_t count) {
    put_u16(data_, static_cast<std::uint16_t>(count));
}

/// Of the field that begins behind the four bytes at `at`.
void CopyRows::set_length(std::size_t at) noexcept {
    store_u32(data_, at, static_cast<std::uint32_t>(data_.size() - at - 4));
}

std::vector<char const*> Params::values() const {
    std::vector<char const*> values;
    values.reserve(items_.size());
    for (Item const& item : items_) values.push_back(item.length ? buffer_.data() + item.at : nullptr);
    return values;
}

std::vector<int> Params::lengths() const {
    std::vector<int> lengths;
    lengths.reserve(items_.size());
    for (Item const& item : items_) lengths.push_back(static_cast<int>(item.length.value_or(0)));
    return lengths;
}

std::string text_list(std::span<std::string const> items) {
    std::string out = "{";
    for (std::string const& item : items) {
        if (out.size() > 1) out += ',';
        out.append(1, '"').append(item).append(1, '"');
    }
    return out += '}';
}

std::string clean_text(std::string_view text) {
    auto const plain = [](char c) { return static_cast<signed char>(c) > 0; };
    auto const rest = std::ranges::find_if_not(text, plain);
    std::string out(text.begin(), rest);
    text.remove_prefix(out.size());
    while (!text.empty()) {
        std::size_t const length = utf8_length(text);
        length == 0 ? out.append("\xEF\xBF\xBD") : out.append(text.substr(0, length));
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return out;
}

}  // namespace mds::postgres
