#pragma once

#include <mds/ports/task.hpp>
#include <mds/domain/observation.hpp>
#include <mds/domain/quota.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mds {

/// An environment variable that holds one of a provider's keys.
struct ProviderKey {
    std::string variable;
    bool present = false;

    friend bool operator==(ProviderKey const&, ProviderKey const&) = default;
};

/// What a caller must know of a provider before it asks.
struct ProviderTraits {
    std::string name;
    std::size_t batch_max = 1;           ///< symbols per request, at least 1
    std::string missing_secret;          ///< the environment variable that it needs and does not have; empty: usable
    bool zero_means_unknown = false;     ///< a price of 0 is how it says "unknown symbol"
    std::vector<QuotaWindow> quota;      ///< how often it may be asked; all of them at once
    std::vector<std::string> aliases;
    std::vector<ProviderKey> keys;       ///< all that it needs
    TimeSource time_source = TimeSource::quote;  ///< how well its prices are dated
};

/// How a provider fares in this process.
struct ProviderCondition {
    struct Breaker {
        Outcome why = Outcome::unavailable;
        SteadyTime until{};              ///< once past, a single request finds out
    };
    std::optional<Breaker> breaker;      ///< none: it is closed
    /// In requests or symbols, one for each window of ProviderTraits::quota: what the ledger said when this process last asked.
    std::vector<std::size_t> quota_left;
    std::map<Outcome, std::uint64_t> last_hour;  ///< symbols asked for, by how it ended
    std::vector<Symbol> withheld;        ///< not asked for: the plan of the key does not include them
};

/// What may be spent of a quota by this use is spent for so long. The quota's ledger knows, so nobody else needs to remember.
struct QuotaWait {
    QuotaUse use = QuotaUse::polls;
    std::chrono::seconds wait{0};
};

/// What came of one request. Exactly one result per symbol asked for, in the same order.
struct FetchAnswer {
    std::optional<RawAnswer> answer;     ///< none: no answer arrived
    std::vector<SymbolResult> results;
    UtcTime fetched_at;
    std::chrono::microseconds duration{0};
    /// How long it is to be left alone, whatever came of this: as the provider said, or after a refusal what its entry says; 0 s - 1 h.
    std::optional<std::chrono::seconds> retry_after;
    std::optional<QuotaWait> quota_wait;  ///< for want of quota the provider was not asked
};

/// One source of prices. Called on the fetch thread only; several fetches may be under way at once.
class PriceProvider {
public:
    virtual ~PriceProvider() = default;
    virtual ProviderTraits const& traits() const noexcept = 0;
    /// Symbols of different keys cannot be asked for in one request (all rates of one base come together, say).
    virtual std::string batch_key(Symbol const& symbol) const { return static_cast<void>(symbol), std::string(); }
    /// Asks for 1..batch_max symbols of one key in one request. Never fails as a call: every failure is a reject per symbol.
    /// Returns by `deadline` at the latest (a time-out is an outcome). `cause`: reads may spend more of the quota than polls.
    virtual Awaitable<FetchAnswer> fetch(std::vector<Symbol> symbols, SteadyTime deadline, FetchCause cause) = 0;
    virtual ProviderCondition condition() const { return {}; }
};

/// The providers of this process. Fixed after start. Any thread.
class ProviderDirectory {
public:
    virtual ~ProviderDirectory() = default;
    /// By name or alias; nullptr where unknown. Lives as long as the directory.
    virtual PriceProvider* find(std::string_view name) const noexcept = 0;
    virtual std::vector<std::string> names() const = 0;
};

}  // namespace mds
