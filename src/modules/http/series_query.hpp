#pragma once

#include "modules/http/context.hpp"
#include "modules/http/query.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace mds::http {

/// What the paged routes over one series share: the series, a range of time, and a page of it.
struct SeriesQuery {
    Series series;  ///< under its provider's own name
    std::optional<UtcTime> start;
    std::optional<UtcTime> end;
    std::optional<std::size_t> limit;
    std::optional<std::int64_t> cursor;  ///< a seq, from the page token
    std::string scope;                   ///< route and filters in one spelling: what the page's token is bound to

    bool has_range() const noexcept { return start || end || limit || cursor; }
    /// For HistoryQuery and AverageQuery.
    template <class PageQuery>
    PageQuery page() const {
        PageQuery page(series);
        page.start = start;
        page.end = end;
        if (limit) page.limit = *limit;
        page.cursor = cursor;
        return page;
    }
    /// The token of the page behind the one that ends with `last_seq`.
    std::string next_token(Context const& context, std::int64_t last_seq) const;
};

/// Reads symbol, provider, start, end, limit and page_token. `route`: with the filters of its own, for the token. `faults`: those
/// of `query`, also the ones found before. Refused: 422 with all faults, or 400 for an unknown provider.
std::variant<Reply, SeriesQuery> read_series_query(Context const& context, Request const& request, Query& query,
                                                   Faults const& faults, std::string_view route);

}  // namespace mds::http
