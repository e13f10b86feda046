#include "codec/event_fields.hpp"

#include <array>
#include <cstddef>

namespace mds::codec {
namespace {

EventFields::Field field_of(Json const& object, std::string_view name) {
    Json const* const found = object.find(name);
    return found == nullptr ? EventFields::Field{} : EventFields::Field{found->kind(), found->text(), true};
}

/// What stands for itself in a string: printable ASCII but for quote and backslash.
constexpr auto plain_characters = [] {
    std::array<bool, 256> plain{};
    for (std::size_t c = ' '; c <= '~'; ++c) plain[c] = c != '"' && c != '\\';
    return plain;
}();

/// Takes the fields off the front of a text.
class PlainValue {
public:
    explicit PlainValue(std::string_view text) noexcept : rest_(text) {}

    std::optional<EventFields> read() noexcept {
        EventFields fields;
        if (!skip(R"({"symbol":)") || !string(fields.symbol)) return std::nullopt;
        if (!skip(R"(,"price":)") || !number(fields.price)) return std::nullopt;
        if (!skip(R"(,"timestamp":)") || !string(fields.timestamp)) return std::nullopt;
        if (!skip(R"(,"source":)") || !string(fields.source)) return std::nullopt;
        if (!skip(R"(,"raw_response_id":)") || !string(fields.raw_id)) return std::nullopt;
        if (rest_ != "}") return std::nullopt;
        return fields;
    }

private:
    static bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

    bool skip(std::string_view literal) noexcept {
        if (!rest_.starts_with(literal)) return false;
        rest_.remove_prefix(literal.size());
        return true;
    }

    void take(EventFields::Field& field, Json::Kind kind, std::size_t size) noexcept {
        field = {kind, rest_.substr(0, size), true};
        rest_.remove_prefix(size);
    }

    bool string(EventFields::Field& field) noexcept {
        if (!skip("\"")) return false;
        std::size_t size = 0;
        while (size < rest_.size() && plain_characters[static_cast<unsigned char>(rest_[size])]) ++size;
        take(field, Json::Kind::string, size);
        return skip("\"");
    }

    std::size_t digits_from(std::size_t at) const noexcept {
        while (at < rest_.size() && is_digit(rest_[at])) ++at;
        return at;
    }

    bool number(EventFields::Field& field) noexcept {
        std::size_t const integer = digits_from(0);
        if (integer == 0 || (integer > 1 && rest_[0] == '0')) return false;
        std::size_t end = integer;
        if (end < rest_.size() && rest_[end] == '.') {
            end = digits_from(integer + 1);
            if (end == integer + 1) return false;
        }
        take(field, Json::Kind::number, end);
        return true;
    }

    std::string_view rest_;
};

}  // namespace

EventFields event_fields(Json const& object) {
    return {field_of(object, "symbol"), field_of(object, "price"), field_of(object, "timestamp"), field_of(object, "source"),
            field_of(object, "raw_response_id")};
}

std::optional<EventFields> plain_event_fields(std::string_view text) noexcept {
    return PlainValue(text).read();
}

}  // namespace mds::codec
