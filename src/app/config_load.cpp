#include "app/config_load.hpp"

#include "app/config_kafka.hpp"
#include "app/config_schema.hpp"
#include "app/config_variables.hpp"
#include "codec/json_document.hpp"
#include "codec/nearest_name.hpp"

#include <fmt/format.h>
#include <boost/json/parser.hpp>

#include <algorithm>
#include <cctype>
#include <filesystem>

namespace mds::app {
namespace {

constexpr std::string_view variable_prefix = "MDS_";

/// Names as the reference has them, and those of the sections above them.
std::vector<std::string> known_paths() {
    std::vector<std::string> paths;
    for (auto const& key : config_reference()) {
        for (auto dot = key.path.find('.'); dot != std::string::npos; dot = key.path.find('.', dot + 1)) {
            auto const section = key.path.substr(0, dot);
            if (std::ranges::find(paths, section) == paths.end()) paths.push_back(section);
        }
        paths.push_back(key.path);
    }
    return paths;
}

/// {"http":{"port":value}} for "http.port".
json::value nested(std::string_view key, std::string_view value) {
    auto const dot = key.find('.');
    json::object object;
    if (dot == std::string_view::npos)
        object[key] = json::string(value);
    else
        object[key.substr(0, dot)] = nested(key.substr(dot + 1), value);
    return object;
}

std::string position(std::string_view text, std::size_t offset) {
    auto const before = text.substr(0, offset);
    auto const line = std::ranges::count(before, '\n') + 1;
    auto const last = before.rfind('\n');
    return fmt::format("line {}, column {}", line, last == before.npos ? before.size() + 1 : before.size() - last);
}

std::optional<json::value> parse_file(std::string_view text, Reading& reading) {
    json::parse_options options;
    options.allow_comments = true;
    options.allow_trailing_commas = true;
    json::parser parser({}, options);
    boost::system::error_code error;
    auto const read = parser.write_some(text.data(), text.size(), error);
    auto const rest = text.substr(std::min(read, text.size()));
    if (!error && !rest.empty()) error = json::make_error_code(json::error::extra_data);
    if (error) {
        reading.wrong("", fmt::format("is not valid JSON: {} at {}", error.message(), position(text, read)));
        return std::nullopt;
    }
    // Boost.JSON keeps the last of two equal keys without a word.
    codec::JsonLimits const strict{.max_bytes = text.size(), .duplicates = codec::DuplicateKeys::refuse, .comments = true};
    if (auto const again = codec::Json::parse(text, strict); !again) reading.wrong("", again.error().message);
    return parser.release();
}

std::string lower(std::string_view text) {
    std::string out;
    for (unsigned char const c : text) out.push_back(static_cast<char>(std::tolower(c)));
    return out;
}

class Loader {
public:
    LoadedConfig finish() && {
        check_across();
        return std::move(loaded_);
    }

    void read_file(ConfigSources::File const& file, Environment const& environment) {
        auto reading = reading_of(file.path, false);
        if (auto document = parse_file(file.text, reading)) {
            substitute_variables(*document, "", environment, reading);
            read_object(fields_, *document, "", reading, loaded_.config);
        }
        auto const beside_it = [folder = std::filesystem::path(file.path).parent_path()](std::string& path) {
            path = (folder / path).lexically_normal().string();
        };
        auto& providers = loaded_.config.providers;
        for (auto& path : providers.files) beside_it(path);
        if (!providers.ca_file.empty()) beside_it(providers.ca_file);
        loaded_.hidden = reading.substituted;
        take(std::move(reading));
    }

    void read_variable(std::string const& name, std::string const& value) {
        auto key = lower(name.substr(variable_prefix.size()));
        bool const nested_key = key.find("__") != std::string::npos;
        for (auto at = key.find("__"); at != std::string::npos; at = key.find("__", at + 1)) key.replace(at, 2, ".");
        // MDS_ variables without "__" may be anybody's: only the names of keys, and what is nearly one, are taken for ours.
        std::vector<std::string> const top{"modules", "jobs"};
        if (!nested_key && codec::nearest_name(key, top).empty()) return;
        read_text(key, value, "environment variable " + name);
    }

    void read_text(std::string const& key, std::string const& value, std::string const& origin) {
        auto reading = reading_of(origin, true);
        if (key.empty() || key.front() == '.' || key.back() == '.' || key.find("..") != key.npos)
            reading.wrong(key, "is no known key");
        else
            read_object(fields_, nested(key, value), "", reading, loaded_.config);
        take(std::move(reading));
    }

private:
    Reading reading_of(std::string origin, bool textual) const {
        Reading reading;
        reading.origin = std::move(origin);
        reading.textual = textual;
        reading.known = known_;
        return reading;
    }

    void take(Reading reading) {
        for (auto const& path : reading.seen) {
            loaded_.origins[path] = reading.origin;
            if (!reading.is_hidden(path)) loaded_.hidden.erase(path);
        }
        std::ranges::move(reading.errors, std::back_inserter(loaded_.errors));
    }

    void wrong(std::string const& path, std::string message) {
        auto const origin = loaded_.origins.find(path);
        loaded_.errors.push_back({path, std::move(message), origin == loaded_.origins.end() ? "default" : origin->second});
    }

    /// What a single key cannot know.
    void check_across() {
        auto const& config = loaded_.config;
        if (config.poller.retry_cap < config.poller.retry_base)
            wrong("poller.retry_cap", "must not be less than poller.retry_base");
        if (config.poller.backoff_cap < config.poller.backoff_base)
            wrong("poller.backoff_cap", "must not be less than poller.backoff_base");
        bool const on_server = config.store.kind == StoreKind::postgresql;
        if (on_server && config.store.url.empty()) wrong("store.url", "is needed where store.kind is postgresql");
        if (!on_server && !config.store.url.empty()) wrong("store.url", "belongs to store.kind postgresql alone");
        for (auto const& [key, message] : bus_faults(config)) wrong(key, message);
        for (std::size_t i = 0; i < config.jobs.size(); ++i) {
            auto const same = [&](JobSeed const& other) { return other.name == config.jobs[i].name; };
            auto const before = config.jobs.begin() + static_cast<std::ptrdiff_t>(i);
            if (!config.jobs[i].name.empty() && std::any_of(config.jobs.begin(), before, same)) {
                wrong(fmt::format("jobs[{}].name", i), "is the name of another job");
            }
        }
    }

    Fields<Config> fields_ = config_fields();
    std::vector<std::string> known_ = known_paths();
    LoadedConfig loaded_;
};

void mask(json::value& value, std::string const& path, std::set<std::string> const& hidden) {
    if (value.is_object()) {
        for (auto& member : value.get_object()) mask(member.value(), joined(path, member.key()), hidden);
    } else if (value.is_array()) {
        std::size_t index = 0;
        for (auto& item : value.get_array()) mask(item, fmt::format("{}[{}]", path, index++), hidden);
    }
    if (hidden.contains(path)) value = "***";
}

void print_indented(json::value const& value, std::string const& indent, std::string& out) {
    if (!value.is_object() || value.get_object().empty()) {
        out += to_text(value);
        return;
    }
    out += "{";
    for (std::string_view separator = "\n"; auto const& member : value.get_object()) {
        out += fmt::format("{}{}  {}: ", separator, indent, to_text(json::string(member.key())));
        print_indented(member.value(), indent + "  ", out);
        separator = ",\n";
    }
    out += fmt::format("\n{}}}", indent);
}

}  // namespace

LoadedConfig load_config(ConfigSources const& sources) {
    Loader loader;
    if (sources.file) loader.read_file(*sources.file, sources.environment);
    for (auto const& [name, value] : sources.environment) {
        if (name.starts_with(variable_prefix) && name != "MDS_CONFIG") loader.read_variable(name, value);
    }
    for (auto const& flag : sources.flags) loader.read_text(flag.key, flag.value, flag.origin);
    return std::move(loader).finish();
}

std::string print_config(LoadedConfig const& loaded) {
    auto document = write_object(config_fields(), loaded.config);
    mask(document, "", loaded.hidden);
    std::string out;
    print_indented(document, "", out);
    return out + "\n";
}

std::string to_string(ConfigError const& error) {
    if (error.path.empty()) return fmt::format("{} {}", error.origin, error.message);
    return fmt::format("{}: {} ({})", error.path, error.message, error.origin);
}

}  // namespace mds::app
