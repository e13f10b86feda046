#pragma once
// Query parameters, read strictly: what a route does not know is a fault, never ignored. All faults are collected.

#include <mds/domain/symbol.hpp>
#include <mds/domain/time.hpp>

#include "modules/http/problem.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mds::http {

class Query {
public:
    /// Reads `text` (behind the '?'). Faults: a parameter that is not in `known` (with the nearest that is), one that repeats, is empty
    /// or is not percent-encoded UTF-8.
    Query(std::string_view text, std::span<std::string_view const> known, Faults& faults);

    bool has(std::string_view name) const noexcept { return find(name) != nullptr; }
    std::string const* find(std::string_view name) const noexcept;

    /// The readers below give nullopt for a parameter that is absent or wrong; the latter is a fault then.
    std::optional<std::int64_t> integer(std::string_view name, std::int64_t min, std::int64_t max);
    std::optional<UtcTime> time(std::string_view name);
    std::optional<Symbol> symbol(std::string_view name, SymbolCase fold);
    /// Position in `choices`.
    std::optional<std::size_t> choice(std::string_view name, std::span<std::string_view const> choices);
    void require(std::string_view name);
    void fault(std::string_view name, std::string type, std::string message);

private:
    struct Parameter {
        std::string name;
        std::string value;
    };
    void add(std::string_view pair, std::span<std::string_view const> known);

    Faults& faults_;
    std::vector<Parameter> parameters_;
};

/// "unknown NOUN 'wrong'; did you mean 'near'?", or with all that are known.
std::string unknown_name(std::string_view noun, std::string_view wrong, std::span<std::string_view const> known);

/// RFC 3339 or epoch seconds, years 1-9999. A '+' that arrived as a space is understood.
std::optional<UtcTime> parse_time_parameter(std::string_view text);

/// application/x-www-form-urlencoded; nullopt where a '%' is not followed by two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace mds::http
