#pragma once

#include <adapters/providers/ledger_clock.hpp>
#include <adapters/providers/provider_metrics.hpp>
#include <mds/ports/clock.hpp>
#include <mds/ports/quota_ledger.hpp>
#include <support/within.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mds::providers {

/// A provider's quota as this process spends it: each request has a turn of its own, taken from the ledger for all requests
/// together that came while the call before was under way. The fetch thread only.
class Quota {
public:
    /// Everything passed by reference outlives the quota and its waiters. `ledger` null, or no windows: every turn is now.
    Quota(std::string provider, std::vector<QuotaWindow> windows, QuotaLedger* ledger, Clock const& clock, Timer& timer,
          ProviderMetrics& metrics);
    Quota(Quota const&) = delete;
    Quota& operator=(Quota const&) = delete;

    /// Why a request has no turn, and after how long it is worth asking again.
    struct Refusal {
        std::chrono::seconds wait{0};
        std::string reason;
    };
    /// A turn that has come. None: nobody counts.
    using Turn = std::optional<QuotaTurn>;
    using Answer = std::variant<Turn, Refusal>;

    /// Waits for a turn that comes by `latest`.
    Awaitable<Answer> turn(std::size_t symbols, QuotaUse use, SteadyTime latest);
    /// A request was not sent in its turn after all.
    void give_back(Turn const& turn);
    /// What the ledger last said is left of each window, for reads; all of one that has passed since.
    std::vector<std::size_t> left(SteadyTime now) const;

private:
    struct Waiter {
        QuotaWish wish;
        SteadyTime latest;
        support::AsioTimer answered;  ///< expires when the store takes too long; cancelled by the answer
        bool gone = false;
        std::optional<Result<QuotaReply>> reply;
    };
    using Waiters = std::vector<std::shared_ptr<Waiter>>;

    Awaitable<Result<QuotaReply>> ask(std::size_t symbols, QuotaUse use, SteadyTime latest);
    Awaitable<void> take();
    Awaitable<void> take_for(Waiters waiters);
    void hand_out(Waiters const& waiters, Result<QuotaGrant> const& grant);
    std::chrono::seconds until(UtcTime there, SteadyTime now) const;

    std::string const provider_;
    std::vector<QuotaWindow> const windows_;
    QuotaLedger* const ledger_;
    Clock const& clock_;
    Timer& timer_;
    ProviderMetrics& metrics_;
    SteadyTime::duration tolerance_;
    LedgerClock there_;
    Waiters waiting_;
    std::vector<QuotaTurn> unused_;
    bool taking_ = false;
    std::vector<std::size_t> left_;
    SteadyTime left_at_{};
};

}  // namespace mds::providers
