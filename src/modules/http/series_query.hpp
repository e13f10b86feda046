#pragma once

#include "modules/http/context.hpp"
#include "modules/http/query.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace mds::http {

/// What the routes over one series share: symbol, provider and a range of time.
struct SeriesQuery {
    std::optional<Symbol> symbol;  ///< set unless there are faults
    std::string provider;          ///< as asked for, or the default
    std::optional<UtcTime> start;
    std::optional<UtcTime> end;

    /// Reads symbol, provider, start and end.
    static SeriesQuery read(Query& query, Options const& options);
    /// The filters in one spelling, for page tokens.
    std::string scope(std::string_view route, Series const& series) const;
};

/// The series under its provider's own name, or invalid_argument with the known providers.
Result<Series> find_series(Context const& context, SeriesQuery const& query);

/// The position (a seq) in "page_token"; a token that is not one of `scope` is a fault.
std::optional<std::int64_t> read_position(Context const& context, Query& query, std::string_view scope);

}  // namespace mds::http
