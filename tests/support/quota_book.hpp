#pragma once
// A quota ledger without a store, and what tests ask of one.

#include <mds/domain/quota.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace mds::test {

/// What a store does with a settlement. It forgets nothing.
class QuotaBook {
public:
    std::vector<QuotaReply> settle(QuotaOrder const& order, UtcTime now) {
        auto const settlement = mds::settle(order, entries, now);
        for (auto const& change : settlement.changes) add(change);
        left = settlement.left;
        return settlement.replies;
    }
    /// One request, for all of the time that it may wait.
    QuotaReply take(std::vector<QuotaWindow> windows, UtcTime now, std::chrono::microseconds wait = std::chrono::seconds(0),
                    QuotaUse use = QuotaUse::reads, std::size_t symbols = 1) {
        QuotaOrder order;
        order.windows = std::move(windows);
        order.wishes.push_back({symbols, use, wait});
        return settle(order, now).front();
    }

    std::vector<QuotaEntry> entries;
    std::vector<std::size_t> left;  ///< after the last order

private:
    void add(QuotaEntry const& change) {
        auto const same = [&](QuotaEntry const& entry) {
            return entry.seconds == change.seconds && entry.per_symbol == change.per_symbol && entry.from == change.from &&
                   entry.until == change.until;
        };
        auto const found = std::ranges::find_if(entries, same);
        if (found == entries.end()) {
            entries.push_back(change);
            return;
        }
        found->cost += change.cost;
        found->polls += change.polls;
        if (found->cost == 0) entries.erase(found);
    }
};

/// A request as the provider saw it.
struct Spent {
    UtcTime at;
    std::size_t cost = 1;
};

/// The most within any span of that length, wherever it begins.
inline std::size_t most_within(std::vector<Spent> spent, std::chrono::microseconds span) {
    std::ranges::sort(spent, {}, &Spent::at);
    std::size_t most = 0, sum = 0, first = 0;
    for (auto const& one : spent) {
        sum += one.cost;
        while (one.at - spent[first].at >= span) sum -= spent[first++].cost;
        most = std::max(most, sum);
    }
    return most;
}

}  // namespace mds::test
