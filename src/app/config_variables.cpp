#include "app/config_variables.hpp"

#include <fmt/format.h>
#include <boost/json/array.hpp>

#include <algorithm>

namespace mds::app {
namespace {

bool is_variable_name(std::string_view text) {
    auto const letter = [](char c) { return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
    auto const digit = [](char c) { return c >= '0' && c <= '9'; };
    return !text.empty() && letter(text.front()) && std::ranges::all_of(text, [&](char c) { return letter(c) || digit(c); });
}

/// What stands between "${" and "}": its value, or why there is none.
struct Reference {
    std::optional<std::string> value;
    std::string fault;
};

Reference resolve(std::string_view inside, Environment const& environment) {
    auto const fallback = inside.find(":-");
    auto const name = std::string(inside.substr(0, fallback));
    if (!is_variable_name(name)) return {std::nullopt, fmt::format("\"${{{}}}\" names no variable", inside)};
    if (auto const found = environment.find(name); found != environment.end() && !found->second.empty()) return {found->second, {}};
    if (fallback != std::string_view::npos) return {std::string(inside.substr(fallback + 2)), {}};
    return {std::nullopt, fmt::format("the environment variable {} is not set", name)};
}

/// nullopt: nothing to replace, or broken and reported.
std::optional<std::string> replaced(std::string_view text, std::string const& path, Environment const& environment,
                                    Reading& reading) {
    constexpr std::string_view escape = "$${";
    constexpr std::string_view open = "${";
    std::string out;
    bool whole = true;
    for (std::size_t at = 0; at < text.size();) {
        auto const rest = text.substr(at);
        if (rest.starts_with(escape)) {
            out += open;
            at += escape.size();
        } else if (rest.starts_with(open)) {
            auto const close = rest.find('}');
            auto const found = close == rest.npos ? Reference{std::nullopt, "\"${\" without \"}\""}
                                                  : resolve(rest.substr(open.size(), close - open.size()), environment);
            if (!found.value) {
                reading.wrong(path, found.fault);
                reading.broken.insert(path);
            } else {
                reading.substituted.insert(path);
            }
            whole = whole && found.value.has_value();
            out += found.value.value_or("");
            at += close == rest.npos ? rest.size() : close + 1;
        } else {
            out.push_back(text[at++]);
        }
    }
    return whole && out != text ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace

void substitute_variables(json::value& value, std::string const& path, Environment const& environment, Reading& reading) {
    if (value.is_string()) {
        if (auto text = replaced(value.get_string(), path, environment, reading)) value = *text;
    } else if (value.is_array()) {
        std::size_t index = 0;
        for (auto& item : value.get_array()) substitute_variables(item, fmt::format("{}[{}]", path, index++), environment, reading);
    } else if (value.is_object()) {
        for (auto& member : value.get_object())
            substitute_variables(member.value(), joined(path, member.key()), environment, reading);
    }
}

}  // namespace mds::app
