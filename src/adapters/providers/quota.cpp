#include <adapters/providers/quota.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <utility>

namespace mds::providers {
namespace {

/// How late after its turn a request may be sent: as much of the shortest window as requests on their way are allowed for.
SteadyTime::duration tolerance_of(std::vector<QuotaWindow> const& windows) {
    SteadyTime::duration least = std::chrono::milliseconds(500);
    for (auto const& window : windows) least = std::min<SteadyTime::duration>(least, reach(window) - window.per);
    return least;
}

constexpr std::chrono::seconds patience_with_ledger{1};  // a store that hangs must not hold up reads that have another provider
constexpr std::chrono::seconds pause_without_ledger{1};

}  // namespace

Quota::Quota(std::string provider, std::vector<QuotaWindow> windows, QuotaLedger* ledger, Clock const& clock, Timer& timer,
             ProviderMetrics& metrics)
    : provider_(std::move(provider)),
      windows_(std::move(windows)),
      ledger_(ledger),
      clock_(clock),
      timer_(timer),
      metrics_(metrics),
      tolerance_(tolerance_of(windows_)) {}

Awaitable<Quota::Answer> Quota::turn(std::size_t symbols, QuotaUse use, SteadyTime latest) {
    if (ledger_ == nullptr || windows_.empty()) co_return Answer(Turn());
    for (;;) {
        auto const reply = co_await ask(symbols, use, latest);
        auto const now = clock_.steady_now();
        if (!reply) {
            metrics_.count_ledger_away();
            co_return Answer(
                Refusal{pause_without_ledger, "not asked: what is left of its quota is not known, " + reply.error().message});
        }
        if (!reply->taken) co_return Answer(Refusal{until(reply->turn.from, now), "not asked: its quota is used up"});
        auto const at = there_.surely_from(reply->turn.from);
        if (at > now) {
            metrics_.count_wait();
            bool const came = co_await timer_.sleep_until(at);
            if (!came) {
                give_back(reply->turn);
                co_return Answer(Refusal{pause_without_ledger, "not asked: interrupted"});
            }
        }
        if (clock_.steady_now() <= there_.surely_until(reply->turn.until)) co_return Answer(Turn(reply->turn));
        // This thread was held up: sent now, the request might meet later ones.
        metrics_.count_late_turn();
        give_back(reply->turn);
    }
}

void Quota::give_back(Turn const& turn) {
    if (!turn) return;
    metrics_.count_turn_given_back();
    unused_.push_back(*turn);
}

std::vector<std::size_t> Quota::left(SteadyTime now) const {
    auto left = left_;
    left.resize(windows_.size());
    for (std::size_t i = 0; i < left.size(); ++i)
        if (left_.empty() || left_at_ + reach(windows_[i]) <= now) left[i] = windows_[i].limit;
    return left;
}

std::chrono::seconds Quota::until(UtcTime there, SteadyTime now) const {
    auto const wait = std::chrono::ceil<std::chrono::seconds>(there_.surely_from(there) - now);
    return std::clamp<std::chrono::seconds>(wait, std::chrono::seconds(1), std::chrono::hours(1));
}

Awaitable<Result<QuotaReply>> Quota::ask(std::size_t symbols, QuotaUse use, SteadyTime latest) {
    auto const executor = co_await net::this_coro::executor;
    QuotaWish wish;
    wish.symbols = symbols;
    wish.use = use;
    auto const patience =
        std::clamp<SteadyTime::duration>(latest - clock_.steady_now(), std::chrono::seconds(0), patience_with_ledger);
    support::AsioTimer answered(executor, patience);
    auto const waiter = std::make_shared<Waiter>(Waiter{wish, latest, std::move(answered), false, std::nullopt});
    waiting_.push_back(waiter);
    if (!std::exchange(taking_, true)) net::co_spawn(executor, take(), net::detached);
    if (!waiter->reply) co_await waiter->answered.async_wait(support::as_result);
    waiter->gone = true;
    if (!waiter->reply) co_return Error(ErrorCode::timeout, "the store did not answer in time");
    co_return *std::move(waiter->reply);
}

/// One call at a time, until nobody waits.
Awaitable<void> Quota::take() {
    while (!waiting_.empty()) {
        auto waiters = std::exchange(waiting_, Waiters());
        co_await take_for(std::move(waiters));
    }
    taking_ = false;
}

Awaitable<void> Quota::take_for(Waiters waiters) {
    std::erase_if(waiters, [](auto const& waiter) { return waiter->gone; });
    if (waiters.empty()) co_return;
    auto const asked = clock_.steady_now();
    QuotaOrder order;
    order.provider = provider_;
    order.windows = windows_;
    order.patience = std::chrono::ceil<std::chrono::microseconds>(tolerance_ + std::max(there_.uncertainty(), tolerance_ / 5));
    // Given back once only: whether a call that failed took effect nobody knows.
    order.unused = std::exchange(unused_, std::vector<QuotaTurn>());
    for (auto const& waiter : waiters) {
        waiter->wish.wait = std::chrono::duration_cast<std::chrono::microseconds>(waiter->latest - asked);
        order.wishes.push_back(waiter->wish);
    }
    auto const grant = co_await ledger_->take(std::move(order));
    if (grant) {
        left_at_ = clock_.steady_now();
        left_ = grant->left;
        there_.seen(asked, grant->now, left_at_);
    }
    hand_out(waiters, grant);
}

void Quota::hand_out(Waiters const& waiters, Result<QuotaGrant> const& grant) {
    for (std::size_t i = 0; i < waiters.size(); ++i) {
        Waiter& waiter = *waiters[i];
        if (!grant) {
            waiter.reply.emplace(grant.error());
        } else {
            auto const& reply = grant->replies[i];
            if (reply.taken) metrics_.count_turn_taken();
            if (reply.taken && waiter.gone) give_back(reply.turn);
            waiter.reply.emplace(reply);
        }
        waiter.answered.cancel();
    }
}

}  // namespace mds::providers
