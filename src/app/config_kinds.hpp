#pragma once
// The kinds of values a key may have. A kind reads a JSON value into a member, writes it back, and can say what it accepts: errors
// and documentation use the same words. read() returns what the value must be, or nothing where it is.
// `textual`: the value is a string from a flag, the environment or a substituted variable, so "8000" is a number as well.

#include "app/config.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mds::app {

namespace json = boost::json;
using Complaint = std::optional<std::string>;
/// Checks one text; the complaint completes "must be ...".
using TextRule = Complaint (*)(std::string_view text);

/// "500ms", "10s", "5m", "1h", "7d", or whole seconds. nullopt for anything else and for what does not fit.
std::optional<Millis> parse_duration(std::string_view text) noexcept;
/// The largest unit that divides it.
std::string format_duration(Millis duration);
/// JSON without the exponents that Boost.JSON writes for every fraction.
std::string to_text(json::value const& value);
/// A value that came as text, read as JSON; a string where it is none.
json::value as_json(std::string_view text);

struct Text {
    TextRule rule = nullptr;
    std::string type() const { return "text"; }
    Complaint read(json::value const& value, bool textual, std::string& out) const;
    json::value write(std::string const& text) const { return json::value(text); }
};

struct Flag {
    std::string type() const { return "true or false"; }
    Complaint read(json::value const& value, bool textual, bool& out) const;
    json::value write(bool flag) const { return flag; }
};

struct Whole {
    std::uint64_t min = 0;
    std::uint64_t max = 0;

    std::string type() const;
    std::optional<std::uint64_t> parse(json::value const& value, bool textual) const;
    template <class T>
    Complaint read(json::value const& value, bool textual, T& out) const {
        auto const number = parse(value, textual);
        if (!number || *number > std::numeric_limits<T>::max()) return "a " + type();
        out = static_cast<T>(*number);
        return {};
    }
    json::value write(std::uint64_t number) const { return number; }
};

struct Number {
    double min = 0;
    double max = 0;
    std::string type() const;
    Complaint read(json::value const& value, bool textual, double& out) const;
    json::value write(double number) const { return number; }
};

struct Duration {
    Millis min{0};
    Millis max{0};

    std::string type() const;
    /// Complains unless it is a duration within the range and a whole number of `unit`.
    Complaint parse(json::value const& value, Millis unit, Millis& out) const;
    template <class D>
    Complaint read(json::value const& value, bool /*textual*/, D& out) const {
        Millis exact{0};
        if (auto complaint = parse(value, std::chrono::duration_cast<Millis>(D{1}), exact)) return complaint;
        out = std::chrono::duration_cast<D>(exact);
        return {};
    }
    json::value write(Millis duration) const { return json::value(format_duration(duration)); }
};

/// One of a few words.
template <class E>
struct Choice {
    std::vector<std::pair<std::string_view, E>> words;
    std::string_view hint;  ///< said after the list, for a word that is known but not available

    std::string type() const {
        std::string text;
        for (auto const& [word, value] : words) text.append(text.empty() ? "" : " or ").append("`").append(word).append("`");
        return text;
    }
    Complaint read(json::value const& value, bool /*textual*/, E& out) const {
        for (auto const& [word, meaning] : words) {
            if (value.is_string() && std::string_view(value.get_string()) == word) {
                out = meaning;
                return {};
            }
        }
        return type() + std::string(hint);
    }
    json::value write(E current) const {
        for (auto const& [word, meaning] : words) {
            if (meaning == current) return json::value(word);
        }
        return nullptr;
    }
};

/// A list of words without repeats; as text: separated by commas, or a JSON array.
struct Words {
    TextRule rule = nullptr;
    std::size_t min = 0;
    std::size_t max = 1000;
    std::string type() const { return "list of text"; }
    Complaint read(json::value const& value, bool textual, std::vector<std::string>& out) const;
    json::value write(std::vector<std::string> const& words) const;
};

/// One provider's name, or a list of them in failover order.
struct OneOrMoreProviders {
    std::string type() const { return "text or list of text"; }
    Complaint read(json::value const& value, bool textual, ProviderChoice& out) const;
    json::value write(ProviderChoice const& choice) const;
};

Complaint provider_name(std::string_view text);
Complaint symbol_name(std::string_view text);
Complaint module_name(std::string_view text);
Complaint not_empty(std::string_view text);

}  // namespace mds::app
