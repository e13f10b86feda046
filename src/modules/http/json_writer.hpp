#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mds::http {

/// `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD, so that an answer that quotes its request is JSON.
void append_json_string(std::string& out, std::string_view text);

/// Writes JSON in the order of the calls; commas are its business. A number is given as text, since ours are exact decimals.
class JsonWriter {
public:
    explicit JsonWriter(std::string& out) : out_(out) {}

    JsonWriter& begin_object() { return open('{'); }
    JsonWriter& end_object() { return close('}'); }
    JsonWriter& begin_array() { return open('['); }
    JsonWriter& end_array() { return close(']'); }
    JsonWriter& key(std::string_view name) {
        separate();
        append_json_string(out_, name);
        out_ += ':';
        comma_ = false;
        return *this;
    }
    JsonWriter& string(std::string_view text) {
        separate();
        append_json_string(out_, text);
        return *this;
    }
    /// A number, or any other JSON text.
    JsonWriter& raw(std::string_view text) {
        separate();
        out_ += text;
        return *this;
    }
    JsonWriter& integer(std::int64_t value) { return raw(std::to_string(value)); }
    JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
    JsonWriter& null() { return raw("null"); }

private:
    void separate() {
        if (comma_) out_ += ',';
        comma_ = true;
    }
    JsonWriter& open(char bracket) {
        separate();
        out_ += bracket;
        comma_ = false;
        return *this;
    }
    JsonWriter& close(char bracket) {
        out_ += bracket;
        comma_ = true;
        return *this;
    }

    std::string& out_;
    bool comma_ = false;
};

}  // namespace mds::http
