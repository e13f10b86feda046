#include <mds/domain/quota.hpp>

#include <algorithm>
#include <map>
#include <tuple>

namespace mds {
namespace {

using std::chrono::microseconds;

constexpr microseconds longest_wait = std::chrono::minutes(1);
constexpr int grains = 1000;  // of a window: times are rounded outwards to these, so that a large limit takes no more entries

/// One window and what may be spent in it when.
class Log {
public:
    explicit Log(QuotaWindow const& window) : window_(window), reach_(reach(window)) {}

    QuotaWindow const& window() const noexcept { return window_; }
    bool holds(QuotaEntry const& entry) const noexcept {
        return entry.seconds == window_.per.count() && entry.per_symbol == window_.per_symbol;
    }
    void add(QuotaEntry const& entry) {
        by_from_.insert(std::ranges::upper_bound(by_from_, entry.from, {}, &QuotaEntry::from), entry);
        by_until_.insert(std::ranges::upper_bound(by_until_, entry.until, {}, &QuotaEntry::until), entry);
    }
    QuotaEntry entry(QuotaTurn const& turn) const {
        auto const grain = std::max(microseconds(1), microseconds(window_.per) / grains);
        auto const down = turn.from - turn.from.time_since_epoch() % grain;
        auto const up = turn.until + (grain - turn.until.time_since_epoch() % grain) % grain;
        auto const cost = static_cast<std::int64_t>(window_.cost(turn.symbols));
        return {window_.per.count(), window_.per_symbol, down, up, cost, turn.use == QuotaUse::polls ? cost : 0};
    }
    std::size_t left(UtcTime now) const {
        auto left = static_cast<std::int64_t>(window_.limit);
        for (auto const& entry : by_until_)
            if (entry.until + reach_ > now) left -= entry.cost;
        return static_cast<std::size_t>(std::max<std::int64_t>(left, 0));
    }
    /// When something leaves the window, so that there may be room then.
    void add_openings(UtcTime after, std::vector<UtcTime>& openings) const {
        for (auto const& entry : by_until_)
            if (entry.until + reach_ > after) openings.push_back(entry.until + reach_);
    }
    /// Whether no span as long as the window, of all that the turn may fall into, would hold too much with it.
    bool has_room(QuotaTurn const& turn) const {
        auto const own = entry(turn);
        Spent spent(*this, own);
        // A span is named by its last moment before its beginning: it may hold all from there, exclusive, to `reach_` after it.
        auto left = by_until_.begin();
        auto const leave = [&](UtcTime before) {
            for (; left != by_until_.end() && left->until <= before; ++left) spent.take(*left, -1);
        };
        auto enter = by_from_.begin();
        for (; enter != by_from_.end() && enter->from <= own.from; ++enter) spent.take(*enter, +1);
        leave(own.from - reach_);
        if (spent.too_much()) return false;
        for (; enter != by_from_.end() && enter->from < own.until + reach_; ++enter) {
            spent.take(*enter, +1);
            leave(enter->from - reach_);
            if (spent.too_much()) return false;
        }
        return true;
    }

private:
    class Spent {
    public:
        Spent(Log const& log, QuotaEntry const& own)
            : limit_(static_cast<std::int64_t>(log.window_.limit)),
              polls_limit_(static_cast<std::int64_t>(log.window_.share(QuotaUse::polls))),
              all_(own.cost),
              polls_(own.polls),
              by_poll_(own.polls > 0) {}
        void take(QuotaEntry const& entry, int sign) {
            all_ += sign * entry.cost;
            polls_ += sign * entry.polls;
        }
        bool too_much() const noexcept { return all_ > limit_ || (by_poll_ && polls_ > polls_limit_); }

    private:
        std::int64_t limit_;
        std::int64_t polls_limit_;
        std::int64_t all_;
        std::int64_t polls_;
        bool by_poll_;
    };

    QuotaWindow window_;
    microseconds reach_;
    std::vector<QuotaEntry> by_from_;
    std::vector<QuotaEntry> by_until_;
};

/// What is to be written, by window and times.
class Changes {
public:
    void add(QuotaEntry const& entry, int sign) {
        auto const [found, made] = all_.try_emplace(std::tuple(entry.seconds, entry.per_symbol, entry.from, entry.until), entry);
        if (made) found->second.cost = found->second.polls = 0;
        found->second.cost += sign * entry.cost;
        found->second.polls += sign * entry.polls;
    }
    std::vector<QuotaEntry> collect() const {
        std::vector<QuotaEntry> changes;
        for (auto const& [key, change] : all_)
            if (change.cost != 0) changes.push_back(change);
        return changes;
    }

private:
    std::map<std::tuple<std::int64_t, bool, UtcTime, UtcTime>, QuotaEntry> all_;
};

class Settling {
public:
    Settling(QuotaOrder const& order, std::span<QuotaEntry const> entries, UtcTime now) : order_(order), now_(now) {
        for (auto const& window : order.windows) logs_.emplace_back(window);
        std::vector<QuotaEntry> all(entries.begin(), entries.end());
        for (auto const& turn : order.unused) give_back(turn, all);
        for (auto& entry : all) recall(entry);
    }

    QuotaSettlement run() && {
        QuotaSettlement settlement;
        for (auto const& wish : order_.wishes) settlement.replies.push_back(settle(wish));
        for (auto const& log : logs_) settlement.left.push_back(log.left(now_));
        settlement.changes = changes_.collect();
        return settlement;
    }

private:
    void give_back(QuotaTurn const& turn, std::vector<QuotaEntry>& all) {
        for (auto const& log : logs_) {
            auto const unused = log.entry(turn);
            for (auto& entry : all) {
                if (!log.holds(entry) || entry.from != unused.from || entry.until != unused.until) continue;
                if (entry.cost < unused.cost || entry.polls < unused.polls) continue;
                entry.cost -= unused.cost;
                entry.polls -= unused.polls;
                changes_.add(unused, -1);
            }
        }
    }

    void recall(QuotaEntry& entry) {
        if (entry.cost <= 0) return;
        if (entry.until > now_ + 2 * longest_wait + order_.patience) {
            changes_.add(entry, -1);
            entry.from = entry.until = now_;
            changes_.add(entry, +1);
        }
        for (auto& log : logs_)
            if (log.holds(entry)) log.add(entry);
    }

    QuotaReply settle(QuotaWish const& wish) {
        QuotaReply reply;
        // What finds no room now finds none for a second request of the same kind either.
        auto& earliest = earliest_.try_emplace(std::pair(wish.symbols, wish.use), now_).first->second;
        reply.turn = first_turn(wish, earliest);
        earliest = reply.turn.from;
        reply.taken = reply.turn.from <= now_ + std::min(wish.wait, longest_wait);
        if (!reply.taken) return reply;
        for (auto& log : logs_) {
            auto const entry = log.entry(reply.turn);
            log.add(entry);
            changes_.add(entry, +1);
        }
        return reply;
    }

    QuotaTurn first_turn(QuotaWish const& wish, UtcTime earliest) const {
        std::vector<UtcTime> candidates(1, earliest);
        for (auto const& log : logs_) log.add_openings(earliest, candidates);
        std::ranges::sort(candidates);
        QuotaTurn turn;
        turn.symbols = wish.symbols;
        turn.use = wish.use;
        for (auto const candidate : candidates) {
            turn.from = candidate;
            turn.until = candidate + order_.patience;
            if (std::ranges::all_of(logs_, [&](Log const& log) { return log.has_room(turn); })) break;
        }
        return turn;
    }

    QuotaOrder const& order_;
    UtcTime now_;
    std::vector<Log> logs_;
    Changes changes_;
    std::map<std::pair<std::size_t, QuotaUse>, UtcTime> earliest_;
};

}  // namespace

microseconds reach(QuotaWindow const& window) noexcept {
    return window.per + std::min<microseconds>(std::chrono::milliseconds(500), microseconds(window.per) / 40);
}

QuotaSettlement settle(QuotaOrder const& order, std::span<QuotaEntry const> entries, UtcTime now) {
    return Settling(order, entries, now).run();
}

}  // namespace mds
