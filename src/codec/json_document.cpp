#include "codec/json_document.hpp"

#include "codec/json_text.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <charconv>
#include <unordered_set>
#include <utility>

namespace mds::codec {

namespace json = boost::json;

namespace {

/// Positions, descending, of the keys that occur again behind. Most objects are small: no hashing for those.
std::vector<std::size_t> repeated_later(std::vector<std::string> const& keys) {
    constexpr std::size_t small = 16;
    std::vector<std::size_t> found;
    std::unordered_set<std::string_view> seen;
    for (std::size_t i = keys.size(); i-- > 0;) {
        auto const behind = keys.begin() + static_cast<std::ptrdiff_t>(i) + 1;
        bool const again =
            keys.size() <= small ? std::find(behind, keys.end(), keys[i]) != keys.end() : !seen.insert(keys[i]).second;
        if (again) found.push_back(i);
    }
    return found;
}

}  // namespace

/// Boost.JSON's handler: open containers on a stack, each finished value goes to the container on top. A member function returns
/// false, with an error code, to end the parse.
class Json::Builder {
public:
    // Boost checks sizes against these; ours come from JsonLimits, and the whole text is bounded anyway.
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

    explicit Builder(JsonLimits const& limits) : limits_(limits) {}

    Json take() { return std::move(root_); }
    /// Why the parse was ended here rather than by the parser; empty: it was not.
    std::string const& refusal() const noexcept { return refusal_; }

    bool on_document_begin(json::error_code&) { return true; }
    bool on_document_end(json::error_code&) { return true; }

    bool on_object_begin(json::error_code& ec) { return open(Kind::object, ec); }
    bool on_object_end(std::size_t, json::error_code& ec) { return fold_duplicates(open_.back(), ec) && close(); }
    bool on_array_begin(json::error_code& ec) { return open(Kind::array, ec); }
    bool on_array_end(std::size_t, json::error_code&) { return close(); }

    bool on_key_part(json::string_view part, std::size_t, json::error_code&) { return keep(part); }
    bool on_key(json::string_view part, std::size_t, json::error_code&) {
        keep(part);
        open_.back().keys_.push_back(std::exchange(partial_, {}));
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t, json::error_code&) { return keep(part); }
    bool on_string(json::string_view part, std::size_t, json::error_code& ec) { return add_text(Kind::string, part, ec); }
    bool on_number_part(json::string_view part, json::error_code&) { return keep(part); }
    bool on_int64(std::int64_t, json::string_view part, json::error_code& ec) { return add_text(Kind::number, part, ec); }
    bool on_uint64(std::uint64_t, json::string_view part, json::error_code& ec) { return add_text(Kind::number, part, ec); }
    bool on_double(double, json::string_view part, json::error_code& ec) { return add_text(Kind::number, part, ec); }
    bool on_bool(bool value, json::error_code& ec) {
        Json boolean(Kind::boolean);
        boolean.boolean_ = value;
        return count(ec) && add(std::move(boolean));
    }
    bool on_null(json::error_code& ec) { return count(ec) && add(Json()); }
    bool on_comment_part(json::string_view, json::error_code&) { return true; }
    bool on_comment(json::string_view, json::error_code&) { return true; }

private:
    bool keep(json::string_view part) {
        partial_.append(part.data(), part.size());
        return true;
    }

    bool add_text(Kind kind, json::string_view last_part, json::error_code& ec) {
        keep(last_part);
        Json value(kind);
        value.text_ = std::exchange(partial_, {});
        return count(ec) && add(std::move(value));
    }

    bool open(Kind kind, json::error_code& ec) {
        open_.push_back(Json(kind));
        return count(ec);
    }

    bool close() {
        Json value = std::move(open_.back());
        open_.pop_back();
        return add(std::move(value));
    }

    bool add(Json value) {
        if (open_.empty()) {
            root_ = std::move(value);
        } else {
            open_.back().items_.push_back(std::move(value));
        }
        return true;
    }

    bool count(json::error_code& ec) { return ++values_ <= limits_.max_values || refuse("more values than are allowed", ec); }

    bool refuse(std::string why, json::error_code& ec) {
        refusal_ = std::move(why);
        ec = json::error::array_too_large;  // any code ends the parse; `refusal_` is what is told
        return false;
    }

    bool fold_duplicates(Json& object, json::error_code& ec) {
        auto& keys = object.keys_;
        auto const superseded = repeated_later(keys);
        if (superseded.empty()) return true;
        if (limits_.duplicates == DuplicateKeys::refuse) return refuse("key \"" + keys[superseded.back()] + "\" occurs twice", ec);
        auto next = superseded.rbegin();
        std::size_t kept = 0;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (next != superseded.rend() && *next == i) {
                ++next;
                continue;
            }
            if (kept != i) {
                keys[kept] = std::move(keys[i]);
                object.items_[kept] = std::move(object.items_[i]);
            }
            ++kept;
        }
        keys.resize(kept);
        object.items_.resize(kept);
        return true;
    }

    JsonLimits const& limits_;
    Json root_;
    std::vector<Json> open_;
    std::string partial_;
    std::size_t values_ = 0;
    std::string refusal_;
};

Result<Json> Json::parse(std::string_view text, JsonLimits const& limits) {
    if (text.size() > limits.max_bytes) {
        return Error(ErrorCode::invalid_argument, "JSON of more than " + std::to_string(limits.max_bytes) + " bytes");
    }
    json::parse_options options;
    options.max_depth = limits.max_depth;
    options.allow_comments = limits.comments;
    options.allow_trailing_commas = limits.comments;
    json::basic_parser<Builder> parser(options, limits);
    json::error_code ec;
    std::size_t const read = parser.write_some(false, text.data(), text.size(), ec);
    if (!ec && read < text.size()) ec = json::error::extra_data;
    if (!ec) return parser.handler().take();
    auto const& refusal = parser.handler().refusal();
    return Error(ErrorCode::invalid_argument,
                 "not valid JSON at byte " + std::to_string(read) + ": " + (refusal.empty() ? ec.message() : refusal));
}

std::optional<std::int64_t> Json::integer() const noexcept {
    if (kind_ != Kind::number) return std::nullopt;
    std::int64_t value = 0;
    auto const [end, ec] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (ec != std::errc() || end != text_.data() + text_.size()) return std::nullopt;
    return value;
}

Json const* Json::find(std::string_view key) const noexcept {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
        if (keys_[i] == key) return &items_[i];
    }
    return nullptr;
}

Json const* Json::child(std::string_view token) const noexcept {
    if (kind_ == Kind::object) return find(token);
    if (kind_ != Kind::array || token.empty() || (token.size() > 1 && token.front() == '0')) return nullptr;
    std::size_t index = 0;
    auto const [end, ec] = std::from_chars(token.data(), token.data() + token.size(), index);
    if (ec != std::errc() || end != token.data() + token.size() || index >= items_.size()) return nullptr;
    return &items_[index];
}

Json const* Json::at(std::string_view pointer) const {
    Json const* value = this;
    std::string token;
    while (!pointer.empty() && value != nullptr) {
        if (pointer.front() != '/') return nullptr;
        pointer.remove_prefix(1);
        auto const raw = pointer.substr(0, pointer.find('/'));
        pointer.remove_prefix(raw.size());
        token.clear();
        for (std::size_t i = 0; i < raw.size(); ++i) {
            if (raw[i] != '~') {
                token += raw[i];
                continue;
            }
            if (++i == raw.size() || (raw[i] != '0' && raw[i] != '1')) return nullptr;
            token += raw[i] == '0' ? '~' : '/';
        }
        value = value->child(token);
    }
    return value;
}

void Json::append_to(std::string& out) const {
    switch (kind_) {
        case Kind::null: out += "null"; return;
        case Kind::boolean: out += boolean_ ? "true" : "false"; return;
        case Kind::number: out += text_; return;
        case Kind::string: append_json_string(out, text_); return;
        case Kind::array:
        case Kind::object: break;
    }
    bool const object = kind_ == Kind::object;
    out += object ? '{' : '[';
    for (std::size_t i = 0; i < items_.size(); ++i) {
        if (i > 0) out += ',';
        if (object) {
            append_json_string(out, keys_[i]);
            out += ':';
        }
        items_[i].append_to(out);
    }
    out += object ? '}' : ']';
}

std::string Json::to_string() const {
    std::string text;
    append_to(text);
    return text;
}

std::string_view to_string(Json::Kind kind) noexcept {
    switch (kind) {
        case Json::Kind::null: return "null";
        case Json::Kind::boolean: return "boolean";
        case Json::Kind::number: return "number";
        case Json::Kind::string: return "string";
        case Json::Kind::array: return "array";
        case Json::Kind::object: return "object";
    }
    return "null";
}

}  // namespace mds::codec
