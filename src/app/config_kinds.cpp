#include "app/config_kinds.hpp"

#include "codec/nearest_name.hpp"

#include <mds/domain/symbol.hpp>

#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace mds::app {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t millis;
};
constexpr std::array<Unit, 5> units{{{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        auto const comma = text.find(',');
        auto word = text.substr(0, comma);
        while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
        while (!word.empty() && word.back() == ' ') word.remove_suffix(1);
        words.emplace_back(word);
        text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    }
    return words;
}

}  // namespace

std::optional<Millis> parse_duration(std::string_view text) noexcept {
    std::int64_t count = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || count < 0) return std::nullopt;
    std::string_view const rest = text.substr(static_cast<std::size_t>(end - text.data()));
    auto const unit = std::ranges::find(units, rest.empty() ? std::string_view("s") : rest, &Unit::name);
    if (unit == units.end() || count > std::numeric_limits<std::int64_t>::max() / unit->millis) return std::nullopt;
    return Millis(count * unit->millis);
}

std::string format_duration(Millis duration) {
    auto const fits = [&](Unit const& unit) { return duration.count() % unit.millis == 0; };
    if (duration.count() == 0) return "0s";
    auto const unit = std::find_if(units.rbegin(), units.rend(), fits);
    return fmt::format("{}{}", duration.count() / unit->millis, unit->name);
}

std::string to_text(json::value const& value) {
    if (auto const* number = value.if_double()) return fmt::format("{}", *number);
    return json::serialize(value);
}

json::value as_json(std::string_view text) {
    boost::system::error_code error;
    auto value = json::parse(json::string_view(text.data(), text.size()), error);
    return error ? json::value(json::string_view(text.data(), text.size())) : value;
}

Complaint Text::read(json::value const& value, bool /*textual*/, std::string& out) const {
    if (!value.is_string()) return "text";
    std::string_view const text = value.get_string();
    if (rule != nullptr) {
        if (auto complaint = rule(text)) return complaint;
    }
    out = text;
    return {};
}

Complaint Flag::read(json::value const& value, bool textual, bool& out) const {
    auto const read = textual && value.is_string() ? as_json(value.get_string()) : value;
    if (!read.is_bool()) return "true or false";
    out = read.get_bool();
    return {};
}

std::string Whole::type() const {
    if (max == std::numeric_limits<std::uint64_t>::max()) return fmt::format("whole number from {}", min);
    return fmt::format("whole number from {} to {}", min, max);
}

std::optional<std::uint64_t> Whole::parse(json::value const& value, bool textual) const {
    auto const read = textual && value.is_string() ? as_json(value.get_string()) : value;
    boost::system::error_code error;
    if (!read.is_int64() && !read.is_uint64()) return std::nullopt;
    auto const number = read.to_number<std::uint64_t>(error);
    if (error || number < min || number > max) return std::nullopt;
    return number;
}

std::string Number::type() const {
    return fmt::format("number from {} to {}", min, max);
}

Complaint Number::read(json::value const& value, bool textual, double& out) const {
    auto const read = textual && value.is_string() ? as_json(value.get_string()) : value;
    boost::system::error_code error;
    auto const number = read.is_number() ? read.to_number<double>(error) : min - 1;
    if (error || !(number >= min && number <= max)) return "a " + type();
    out = number;
    return {};
}

std::string Duration::type() const {
    return fmt::format("duration from {} to {}", format_duration(min), format_duration(max));
}

Complaint Duration::parse(json::value const& value, Millis unit, Millis& out) const {
    std::optional<Millis> duration;
    if (value.is_string()) duration = parse_duration(value.get_string());
    if (value.is_int64()) duration = parse_duration(fmt::format("{}", value.get_int64()));
    if (!duration || *duration < min || *duration > max)
        return fmt::format("a {} (\"500ms\", \"10s\", \"5m\", \"1h\", or whole seconds)", type());
    if (duration->count() % unit.count() != 0) return "a whole number of seconds";
    out = *duration;
    return {};
}

Complaint Words::read(json::value const& value, bool textual, std::vector<std::string>& out) const {
    std::vector<std::string> words;
    auto list = value;
    if (textual && value.is_string()) {
        list = as_json(value.get_string());
        if (!list.is_array()) {
            json::array array;
            for (auto const& word : split(value.get_string())) array.emplace_back(word);
            list = std::move(array);
        }
    }
    if (!list.is_array()) return "a list of text";
    for (auto const& item : list.get_array()) {
        if (!item.is_string()) return "a list of text";
        std::string word(item.get_string());
        if (rule != nullptr) {
            if (auto complaint = rule(word)) return "a list in which each entry is " + *complaint;
        }
        if (std::ranges::find(words, word) != words.end()) return "a list without repeats";
        words.push_back(std::move(word));
    }
    if (words.size() < min || words.size() > max) return fmt::format("a list of {} to {} entries", min, max);
    out = std::move(words);
    return {};
}

json::value Words::write(std::vector<std::string> const& words) const {
    json::array list;
    for (auto const& word : words) list.emplace_back(word);
    return list;
}

Complaint OneOrMoreProviders::read(json::value const& value, bool textual, ProviderChoice& out) const {
    ProviderChoice choice;
    choice.is_list = value.is_array();
    if (choice.is_list) {
        if (auto complaint = Words{provider_name, 1, 16}.read(value, textual, choice.names)) return complaint;
    } else {
        choice.names.emplace_back();
        if (Text{provider_name}.read(value, textual, choice.names.front())) return "a provider's name, or a list of them";
    }
    out = std::move(choice);
    return {};
}

json::value OneOrMoreProviders::write(ProviderChoice const& choice) const {
    if (choice.names.empty()) return nullptr;
    if (!choice.is_list) return json::value(choice.names.front());
    return Words{}.write(choice.names);
}

Complaint provider_name(std::string_view text) {
    if (is_provider_name(text)) return {};
    return "a provider's name (1 to 64 of a-z, 0-9, _ and -)";
}

Complaint symbol_name(std::string_view text) {
    if (Symbol::parse(text)) return {};
    return "a symbol (1 to 32 letters, digits and . - _ = ^ / :)";
}

Complaint module_name(std::string_view text) {
    static std::vector<std::string> const names{"http", "poller", "relay", "consumer"};
    if (std::ranges::find(names, text) != names.end()) return {};
    auto const meant = codec::nearest_name(text, names);
    return "one of http, poller, relay, consumer" + (meant.empty() ? std::string() : fmt::format(" (did you mean \"{}\"?)", meant));
}

Complaint not_empty(std::string_view text) {
    if (!text.empty()) return {};
    return "text that is not empty";
}

}  // namespace mds::app
