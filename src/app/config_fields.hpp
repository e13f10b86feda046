#pragma once
// Tables of fields: what connects a name in the configuration with a member of a struct. The same table reads every source, prints
// the effective configuration and describes itself for the documentation.

#include "app/config_kinds.hpp"

#include <boost/json/object.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mds::app {

struct ConfigError {
    std::string path;  ///< "http.port", "jobs[0].symbols"; empty: the source as a whole
    std::string message;
    std::string origin;  ///< the file, "environment variable MDS_HTTP__PORT", "flag --set http.port=x"
    friend bool operator==(ConfigError const&, ConfigError const&) = default;
};

/// A row of the reference.
struct ConfigKey {
    std::string path;           ///< "http.port", "jobs[].name", "providers.override.NAME.base_url"
    std::string type;           ///< with the range
    std::string default_value;  ///< as JSON; empty: required
    std::string meaning;
};

/// The row of the reference as docs/configuration.md has it.
std::string to_table_row(ConfigKey const& key);

/// One source being read: collects every error instead of stopping at the first.
struct Reading {
    std::string origin;
    bool textual = false;               ///< all values are strings that somebody typed
    std::set<std::string> substituted;  ///< paths whose text came out of a variable: read as text, never shown
    std::set<std::string> broken;       ///< paths whose variable is missing: already reported, not read
    std::set<std::string> seen;         ///< paths of the fields that this source gives
    std::vector<std::string> known;     ///< every path of the reference, for suggestions
    std::vector<ConfigError> errors;

    bool is_textual(std::string const& path) const { return textual || substituted.contains(path); }
    bool is_hidden(std::string const& path) const;
    bool is_broken(std::string const& path) const;
    void wrong(std::string path, std::string message) { errors.push_back({std::move(path), std::move(message), origin}); }
    /// `must`: what the value should have been. The value is shown unless it is secret.
    void wrong_value(std::string const& path, std::string const& must, json::value const& value, bool secret);
    void unknown_key(std::string const& path);
};

std::string joined(std::string_view prefix, std::string_view name);

template <class S>
struct Field {
    std::string name;
    std::function<void(json::value const&, std::string const& path, Reading&, S&)> read;
    std::function<json::value(S const&)> write;  ///< null: leave it out
    std::function<void(std::string const& path, S const& defaults, std::vector<ConfigKey>&)> describe;
};

template <class S>
using Fields = std::vector<Field<S>>;

/// What may be said of a field beside its kind.
enum class Trait { plain, secret, required };

template <class S, class T, class Kind>
Field<S> field(std::string name, T S::*member, Kind kind, std::string meaning, Trait trait = Trait::plain) {
    auto const read = [=](json::value const& value, std::string const& path, Reading& reading, S& out) {
        reading.seen.insert(path);
        if (reading.is_broken(path)) return;
        if (auto const must = kind.read(value, reading.is_textual(path), out.*member)) {
            reading.wrong_value(path, *must, value, trait == Trait::secret);
        }
    };
    auto const write = [=](S const& from) -> json::value {
        auto value = kind.write(from.*member);
        if (trait == Trait::secret && value.is_string() && !value.get_string().empty()) return "***";
        return value;
    };
    auto const describe = [=](std::string const& path, S const& defaults, std::vector<ConfigKey>& rows) {
        rows.push_back({path, kind.type(), trait == Trait::required ? "" : to_text(kind.write(defaults.*member)), meaning});
    };
    return {std::move(name), read, write, describe};
}

/// Reads an object member by member. Members that are not in the table are errors.
template <class S>
void read_object(Fields<S> const& fields, json::value const& value, std::string const& path, Reading& reading, S& out) {
    auto const parsed = reading.is_textual(path) && value.is_string() ? as_json(value.get_string()) : value;
    if (!parsed.is_object()) return reading.wrong_value(path, "an object", value, false);
    for (auto const& member : parsed.get_object()) {
        auto const below = joined(path, member.key());
        auto const found = std::ranges::find(fields, std::string_view(member.key()), &Field<S>::name);
        if (found == fields.end())
            reading.unknown_key(below);
        else
            found->read(member.value(), below, reading, out);
    }
}

template <class S>
json::value write_object(Fields<S> const& fields, S const& from) {
    json::object object;
    for (auto const& field : fields) {
        auto value = field.write(from);
        if (!value.is_null()) object[field.name] = std::move(value);
    }
    return object;
}

template <class S>
void describe_all(Fields<S> const& fields, std::string const& prefix, S const& defaults, std::vector<ConfigKey>& rows) {
    for (auto const& field : fields) field.describe(joined(prefix, field.name), defaults, rows);
}

template <class S, class Part>
Field<S> section(std::string name, Part S::*member, Fields<Part> fields) {
    return {std::move(name),
            [=](json::value const& value, std::string const& path, Reading& reading, S& out) {
                read_object(fields, value, path, reading, out.*member);
            },
            [=](S const& from) { return write_object(fields, from.*member); },
            [=](std::string const& path, S const& defaults, std::vector<ConfigKey>& rows) {
                describe_all(fields, path, defaults.*member, rows);
            }};
}

/// A list of objects: a later source replaces it as a whole. `required`: members that each entry must have.
template <class S, class Part>
Field<S> list_of(std::string name, std::vector<Part> S::*member, Fields<Part> fields, std::vector<std::string> required) {
    auto const read = [=](json::value const& value, std::string const& path, Reading& reading, S& out) {
        bool const textual = reading.is_textual(path) && value.is_string();
        auto const parsed = textual ? as_json(value.get_string()) : value;
        if (!parsed.is_array()) return reading.wrong_value(path, "a list of objects", value, false);
        std::vector<Part> parts;
        for (auto const& item : parsed.get_array()) {
            auto const below = path + "[" + std::to_string(parts.size()) + "]";
            read_object(fields, item, below, reading, parts.emplace_back());
            for (auto const& key : required) {
                if (item.is_object() && !item.get_object().contains(key)) reading.wrong(joined(below, key), "is missing");
            }
        }
        out.*member = std::move(parts);
    };
    auto const write = [=](S const& from) -> json::value {
        json::array list;
        for (auto const& part : from.*member) list.push_back(write_object(fields, part));
        return list;
    };
    auto const describe = [=](std::string const& path, S const&, std::vector<ConfigKey>& rows) {
        describe_all(fields, path + "[]", Part{}, rows);
    };
    return {std::move(name), read, write, describe};
}

/// Objects by name: sources are merged name by name.
template <class S, class Part>
Field<S> map_of(std::string name, std::map<std::string, Part> S::*member, Fields<Part> fields) {
    auto const read = [=](json::value const& value, std::string const& path, Reading& reading, S& out) {
        auto const parsed = reading.is_textual(path) && value.is_string() ? as_json(value.get_string()) : value;
        if (!parsed.is_object()) return reading.wrong_value(path, "an object", value, false);
        for (auto const& entry : parsed.get_object()) {
            read_object(fields, entry.value(), joined(path, entry.key()), reading, (out.*member)[std::string(entry.key())]);
        }
    };
    auto const write = [=](S const& from) -> json::value {
        json::object object;
        for (auto const& [key, part] : from.*member) object[key] = write_object(fields, part);
        return object;
    };
    auto const describe = [=](std::string const& path, S const&, std::vector<ConfigKey>& rows) {
        describe_all(fields, path + ".NAME", Part{}, rows);
    };
    return {std::move(name), read, write, describe};
}

}  // namespace mds::app
