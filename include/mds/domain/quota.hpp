#pragma once

#include <mds/domain/time.hpp>

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace mds {

/// Who spends a provider's quota. A fifth of each window is kept for reads: polls never take it, and reads may take everything.
enum class QuotaUse { polls, reads };

/// A provider's limit on requests: so many within any such time.
struct QuotaWindow {
    std::size_t limit = 1;
    std::chrono::seconds per{1};
    bool per_symbol = false;  ///< each symbol of a request counts, instead of the request

    std::size_t cost(std::size_t symbols) const noexcept { return per_symbol ? symbols : 1; }
    /// How much of it `use` may spend in all.
    std::size_t share(QuotaUse use) const noexcept { return use == QuotaUse::reads ? limit : limit - limit / 5; }
    friend bool operator==(QuotaWindow const&, QuotaWindow const&) = default;
};

/// The right to send one request at any time from `from` to `until`, by the ledger's clock.
struct QuotaTurn {
    UtcTime from;
    UtcTime until;
    std::size_t symbols = 1;
    QuotaUse use = QuotaUse::polls;
};

/// What a window's ledger has of turns: `cost` may be spent from `from` to `until`, `polls` of it by polls.
struct QuotaEntry {
    std::int64_t seconds = 0;  ///< the window, with `per_symbol`
    bool per_symbol = false;
    UtcTime from;
    UtcTime until;
    std::int64_t cost = 0;
    std::int64_t polls = 0;
    friend bool operator==(QuotaEntry const&, QuotaEntry const&) = default;
};

/// A request that somebody would like to send, if its turn comes within `wait` (a minute at most).
struct QuotaWish {
    std::size_t symbols = 1;
    QuotaUse use = QuotaUse::polls;
    std::chrono::microseconds wait{0};
};

/// A request's turn. Not taken: it would come too late; `turn` says when.
struct QuotaReply {
    QuotaTurn turn;
    bool taken = false;
};

struct QuotaOrder {
    std::string provider;
    std::vector<QuotaWindow> windows;       ///< all of them at once; none costs a wish more than its share
    std::vector<QuotaWish> wishes;          ///< first come, first served
    std::chrono::microseconds patience{0};  ///< from `from` to `until` of each turn: how exactly a turn can be kept
    std::vector<QuotaTurn> unused;          ///< taken earlier, and certain not to be used: each given back once, before the wishes
};

struct QuotaSettlement {
    std::vector<QuotaReply> replies;  ///< one per wish
    std::vector<std::size_t> left;    ///< of each window, for reads, once the order is filled
    /// To be added to the entries of the same window and times, each at most once; may be negative.
    std::vector<QuotaEntry> changes;
};

/// How long before a turn a window must end for the turn not to fall into it: the window itself and a fortieth more (half a second
/// at most), since requests do not arrive as evenly as they are sent.
std::chrono::microseconds reach(QuotaWindow const& window) noexcept;

/// Fills an order from what the ledger has of the provider, at `now` of the ledger's clock: whenever within its turn each request
/// is sent, no window, wherever it begins, ever holds more than its limit, nor more polls than their share. Entries that no window
/// reaches any more may be among `entries`. An entry further ahead than any wish is from before the clock was set back, and moved
/// to `now`.
QuotaSettlement settle(QuotaOrder const& order, std::span<QuotaEntry const> entries, UtcTime now);

}  // namespace mds
