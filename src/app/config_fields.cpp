#include "app/config_fields.hpp"

#include "codec/nearest_name.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mds::app {
namespace {

/// Whether the path itself, or an entry below it, is among them.
bool any_below(std::set<std::string> const& paths, std::string const& prefix) {
    for (auto path = paths.lower_bound(prefix); path != paths.end() && path->starts_with(prefix); ++path) {
        if (path->size() == prefix.size() || (*path)[prefix.size()] == '.' || (*path)[prefix.size()] == '[') return true;
    }
    return false;
}

/// "jobs[2].intervall" -> "jobs[].intervall", "providers.override.x.url" -> "providers.override.NAME.url": as the reference spells
/// it.
std::string as_in_reference(std::string_view path) {
    constexpr std::string_view map = "providers.override.";
    std::string out;
    for (bool inside = false; char const c : path) {
        if (c == ']') inside = false;
        if (!inside) out.push_back(c);
        if (c == '[') inside = true;
    }
    if (auto const rest = out.find('.', map.size()); out.starts_with(map) && rest != std::string::npos) {
        out.replace(map.size(), rest - map.size(), "NAME");
    }
    return out;
}

std::string_view last_part(std::string_view path) {
    return path.substr(path.rfind('.') + 1);
}

}  // namespace

bool Reading::is_hidden(std::string const& path) const {
    return any_below(substituted, path);
}
bool Reading::is_broken(std::string const& path) const {
    return any_below(broken, path);
}

void Reading::wrong_value(std::string const& path, std::string const& must, json::value const& value, bool secret) {
    if (secret || is_hidden(path)) return wrong(path, fmt::format("must be {} (the value is not shown)", must));
    constexpr std::size_t longest_shown = 80;
    auto shown = to_text(value);
    if (shown.size() > longest_shown) shown = shown.substr(0, longest_shown) + "...";
    wrong(path, fmt::format("must be {}, not {}", must, shown));
}

void Reading::unknown_key(std::string const& path) {
    auto const spelt = as_in_reference(path);
    auto meant = codec::nearest_name(spelt, known);
    if (meant.empty()) {
        auto const same_name = [&](std::string const& candidate) { return last_part(candidate) == last_part(spelt); };
        if (auto const found = std::ranges::find_if(known, same_name); found != known.end()) meant = *found;
    }
    wrong(path, meant.empty() ? std::string("is no known key") : fmt::format("is no known key (did you mean {}?)", meant));
}

std::string to_table_row(ConfigKey const& key) {
    auto const value = key.default_value.empty() ? std::string("(required)") : fmt::format("`{}`", key.default_value);
    return fmt::format("| `{}` | {} | {} | {} |", key.path, key.type, value, key.meaning);
}

std::string joined(std::string_view prefix, std::string_view name) {
    return prefix.empty() ? std::string(name) : fmt::format("{}.{}", prefix, name);
}

}  // namespace mds::app
