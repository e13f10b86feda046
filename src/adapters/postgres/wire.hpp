#pragma once
// Values in PostgreSQL's binary form: integers big-endian, times as microseconds since 2000, arrays with a small header
// ("array_send" in the server's source). Text would do as well; binary saves escaping bodies and parsing numbers on both ends.

#include <mds/domain/decimal.hpp>
#include <mds/domain/time.hpp>
#include <mds/domain/uuid.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mds::postgres {

/// Bytes that travel as bytea.
struct Bytes {
    std::string_view view;
};

/// Times before and after all others; stored ones lie between.
inline constexpr UtcTime earliest = UtcTime::min();
inline constexpr UtcTime latest_of_all = UtcTime::max();

void put(std::string& out, bool value);
void put(std::string& out, std::int16_t value);
void put(std::string& out, std::int32_t value);
void put(std::string& out, std::int64_t value);
void put(std::string& out, Price value);  ///< these two as numeric
void put(std::string& out, Average value);
void put(std::string& out, std::string_view value);
void put(std::string& out, Bytes value);
void put(std::string& out, Uuid const& value);
void put(std::string& out, UtcTime value);

/// Reads what the server sent. `data` has the size that the type demands, otherwise the result is 0.
std::int64_t get_integer(std::string_view data) noexcept;  ///< of 1, 2, 4 or 8 bytes
UtcTime get_time(std::string_view data) noexcept;
Uuid get_uuid(std::string_view data) noexcept;
std::vector<std::string> get_texts(std::string_view data);  ///< of a text[]

/// One column of a batch, as an array for unnest().
class Column {
public:
    enum class Type : std::uint32_t { boolean = 16, bytea = 17, bigint = 20, text = 25, timestamptz = 1184, uuid = 2950 };

    explicit Column(Type type) : type_(type) {}
    template <class T>
    void add(T const& value) {
        std::size_t const at = open();
        put(items_, value);
        close(at);
    }
    template <class T>
    void add(std::optional<T> const& value) {
        value ? add(*value) : add_null();
    }
    void add_null();
    bool empty() const noexcept { return count_ == 0; }
    std::size_t size() const noexcept { return count_; }
    void append_to(std::string& out) const;

private:
    std::size_t open();
    void close(std::size_t at) noexcept;

    Type type_;
    std::size_t count_ = 0;
    bool has_null_ = false;
    std::string items_;
};

/// Rows for COPY ... FROM STDIN (FORMAT binary), as the manual describes it under COPY, file formats.
class CopyRows {
public:
    /// `bytes`: about as many as come.
    explicit CopyRows(std::size_t bytes);
    /// One value for each column, of exactly the column's type; nullopt is NULL, a Column an array.
    template <class... Values>
    void add(Values const&... values) {
        put_count(static_cast<std::int16_t>(sizeof...(values)));
        (add_field(values), ...);
    }
    /// All of them. Nothing can be added behind.
    std::string_view finish();

private:
    template <class T>
    void add_field(T const& value) {
        std::size_t const at = data_.size();
        put(data_, std::int32_t{0});
        put(data_, value);
        set_length(at);
    }
    template <class T>
    void add_field(std::optional<T> const& value) {
        value ? add_field(*value) : put(data_, std::int32_t{-1});
    }
    void add_field(Column const& list) {
        std::size_t const at = data_.size();
        put(data_, std::int32_t{0});
        list.append_to(data_);
        set_length(at);
    }
    void put_count(std::int16_t count);
    void set_length(std::size_t at) noexcept;

    std::string data_;
};

/// The parameters of one execution.
class Params {
public:
    template <class... Args>
    explicit Params(Args const&... args) {
        (add(args), ...);
    }
    int count() const noexcept { return static_cast<int>(items_.size()); }
    std::vector<char const*> values() const;
    std::vector<int> lengths() const;

private:
    struct Item {
        std::size_t at = 0;
        std::optional<std::size_t> length;  ///< none: NULL
    };
    template <class T>
    void add(T const& value) {
        std::size_t const at = buffer_.size();
        put(buffer_, value);
        items_.push_back(Item{at, buffer_.size() - at});
    }
    template <class T>
    void add(std::optional<T> const& value) {
        value ? add(*value) : items_.push_back(Item{});
    }
    void add(Column const& column) {
        std::size_t const at = buffer_.size();
        column.append_to(buffer_);
        items_.push_back(Item{at, buffer_.size() - at});
    }

    std::string buffer_;
    std::vector<Item> items_;
};

/// As an array's text form, for a column of lists: {"AAPL","BRK.B"}. Items hold neither quotes nor backslashes.
std::string text_list(std::span<std::string const> items);

/// What a text column takes: bytes that are no UTF-8, and NUL, become U+FFFD.
std::string clean_text(std::string_view text);

}  // namespace mds::postgres
