#pragma once
// JSON as it was written: a number keeps its text, so that no price passes through binary floating point (boost::json::value would
// turn it into a double). Parsing is Boost.JSON's.

#include <mds/domain/error.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mds::codec {

enum class DuplicateKeys {
    last_wins,  ///< as Python, JavaScript and most others read it; the earlier ones are dropped
    refuse,     ///< an error that names the key
};

struct JsonLimits {
    std::size_t max_bytes = 64 * 1024;
    std::size_t max_depth = 32;
    std::size_t max_values = 100'000;  ///< of all kinds together: a value takes some 100 bytes, whatever its text takes
    DuplicateKeys duplicates = DuplicateKeys::last_wins;
    bool comments = false;             ///< also // and /* */, and a comma after the last item: for files that people write
};

/// An immutable JSON value. Copies are deep.
class Json {
public:
    enum class Kind { null, boolean, number, string, array, object };

    /// One value and nothing behind it, valid UTF-8. Error: invalid_argument, with the place where reading stopped.
    static Result<Json> parse(std::string_view text, JsonLimits const& limits = {});

    Json() = default;  ///< null

    Kind kind() const noexcept { return kind_; }
    bool is_null() const noexcept { return kind_ == Kind::null; }
    bool is_boolean() const noexcept { return kind_ == Kind::boolean; }
    bool is_number() const noexcept { return kind_ == Kind::number; }
    bool is_string() const noexcept { return kind_ == Kind::string; }
    bool is_array() const noexcept { return kind_ == Kind::array; }
    bool is_object() const noexcept { return kind_ == Kind::object; }

    /// Of a boolean; otherwise false.
    bool boolean() const noexcept { return boolean_; }
    /// A number's text as written, a string's content without quotes and escapes; otherwise empty.
    std::string const& text() const noexcept { return text_; }
    /// Of a number written as an integer that fits.
    std::optional<std::int64_t> integer() const noexcept;

    /// An array's items or an object's values; otherwise empty.
    std::span<Json const> items() const noexcept { return items_; }
    /// An object's keys, beside items(); otherwise empty. No repeats.
    std::span<std::string const> keys() const noexcept { return keys_; }
    /// The value of an object's key; nullptr where there is none, or no object. Linear in the number of keys.
    Json const* find(std::string_view key) const noexcept;
    /// The value at a JSON pointer (RFC 6901: "/a/0/b", "" is the value itself, ~1 is '/', ~0 is '~'). nullptr where nothing is
    /// there or the pointer is malformed.
    Json const* at(std::string_view pointer) const;

    /// The value as compact JSON, numbers as they were written.
    void append_to(std::string& out) const;
    std::string to_string() const;

private:
    class Builder;

    explicit Json(Kind kind) : kind_(kind) {}
    Json const* child(std::string_view token) const noexcept;

    Kind kind_ = Kind::null;
    bool boolean_ = false;
    std::string text_;
    std::vector<std::string> keys_;
    std::vector<Json> items_;
};

std::string_view to_string(Json::Kind kind) noexcept;

}  // namespace mds::codec
