#pragma once

#include <mds/domain/moving_average.hpp>
#include <mds/ports/averaging_store.hpp>

#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mds {

enum class FoldEnd {
    folded,      ///< the point is reflected in the rows
    duplicate,   ///< it was reflected already
    not_stored,  ///< a point before it is missing from the store as well, so this one cannot be of this store
    rows_full,   ///< as many rows as are allowed: write them, then call again
};

/// The windows of one partition: per series the number of the last point that was folded, and its price with the three before it.
/// A window that is not here is read from the store, so forgetting is always safe; what was read ahead of a commit that failed is
/// wrong, so forgetting is then a duty. One thread.
class AveragingWindows {
public:
    AveragingWindows(SeriesHistory& history, std::size_t max_rows) : history_(history), max_rows_(max_rows) {}

    /// Folds a point, and first whatever the store holds between the last one and it. Appends the averages to `rows`.
    /// After an error or rows_full the same call goes on where this one ended.
    Result<FoldEnd> fold(PricePoint const& point, std::vector<AverageRow>& rows);
    /// Folds what the store holds up to `seq`, included.
    Result<FoldEnd> catch_up(Series const& series, std::int64_t seq, std::vector<AverageRow>& rows);

    /// Somebody else wrote averages of the series: it is read from the store when it is next needed.
    void forget(Series const& series) {
        if (auto const found = windows_.find(series); found != windows_.end()) windows_.erase(found);
    }

    /// Averages of points that were read from the store because their events did not come.
    std::size_t repaired() const noexcept { return repaired_; }
    std::size_t size() const noexcept { return windows_.size(); }

private:
    static constexpr std::int64_t kept = stored_period - 1;

    struct Window {
        std::int64_t last = 0;
        std::array<Int128, static_cast<std::size_t>(kept)> units{};  ///< of point n at n % 4

        void push(Price price) noexcept;
    };
    /// One allocation for each series, and a pointer in the table: a table of windows would be half empty most of the time.
    struct Entry {
        Symbol symbol;
        std::string const* provider;  ///< in providers_
        Window window;

        Entry(Symbol s, std::string const& p, Window const& w) : symbol(std::move(s)), provider(&p), window(w) {}
    };
    struct EntryHash {
        using is_transparent = void;
        std::size_t operator()(std::unique_ptr<Entry> const& entry) const noexcept { return mix(entry->symbol, *entry->provider); }
        std::size_t operator()(Series const& series) const noexcept { return mix(series.symbol, series.provider); }
        static std::size_t mix(Symbol const& symbol, std::string const& provider) noexcept {
            return std::hash<Symbol>{}(symbol)*31 + std::hash<std::string>{}(provider);
        }
    };
    struct SameSeries {
        using is_transparent = void;
        bool operator()(std::unique_ptr<Entry> const& a, std::unique_ptr<Entry> const& b) const noexcept {
            return a->symbol == b->symbol && *a->provider == *b->provider;
        }
        bool operator()(Series const& a, std::unique_ptr<Entry> const& b) const noexcept {
            return a.symbol == b->symbol && a.provider == *b->provider;
        }
        bool operator()(std::unique_ptr<Entry> const& a, Series const& b) const noexcept { return operator()(b, a); }
    };

    Result<Window*> window(Series const& series, std::int64_t wanted);
    Result<bool> load(Window& window, Series const& series, std::int64_t last);
    Result<FoldEnd> fold_stored(Window& window, Series const& series, std::int64_t seq, std::vector<AverageRow>& rows);
    static void fold_next(Window& window, PricePoint const& point, std::vector<AverageRow>& rows);

    SeriesHistory& history_;
    std::size_t max_rows_;
    std::size_t repaired_ = 0;
    std::set<std::string> providers_;
    boost::unordered_flat_set<std::unique_ptr<Entry>, EntryHash, SameSeries> windows_;
};

}  // namespace mds
