#include "services/relay.hpp"

#include "services/relay_counts.hpp"

#include <algorithm>
#include <utility>

namespace mds {

using std::chrono::milliseconds;

Relay::Relay(OutboxLog& log, RelayCursor& cursor, EventPublisher& bus, Clock& clock, std::string owner, support::Log lines,
             support::Metrics& metrics, RelayOptions options)
    : log_(log),
      cursor_(cursor),
      bus_(bus),
      clock_(clock),
      owner_(std::move(owner)),
      lines_(std::move(lines)),
      options_(options),
      counts_(std::make_unique<Counts>(metrics)),
      retry_(lines_, "relay.waiting", counts_->failures, options_.retry_min, options_.retry_max) {}

Relay::~Relay() = default;

milliseconds Relay::step() {
    if (!claim_) return claim();
    look_at_backlog();
    auto const handed = hand_over();
    if (!handed) return failed("hand over", handed.error());
    bool const idle = *handed == 0;
    if (auto const done = collect(idle ? options_.report_wait : milliseconds(0)); !done) {
        start_again(true);
        return failed("publish", done.error());
    }
    if (worth_a_move())
        if (auto const moved = move_cursor(); !moved) return failed("move the cursor", moved.error());
    judge();
    if (idle && under_way_ == 0) wait_for_news();
    return milliseconds(0);
}

milliseconds Relay::claim() {
    auto const claimed = cursor_.claim(owner_, options_.lease);
    if (!claimed) return failed("claim the cursor", claimed.error());
    retry_.forget();
    if (!*claimed) {  // another relay is at work: that is well
        retry_.say(true);
        static_cast<void>(bus_.delivered(milliseconds(0)));  // nothing is under way, but the bus is to stay known
        return options_.renew_every / 5;
    }
    claim_ = **claimed;
    read_ = claim_->next;
    renewed_ = progressed_ = clock_.steady_now();
    counts_->claims.Increment();
    lines_.info("relay.claimed", {{"term", claim_->term}, {"next", claim_->next}});
    return milliseconds(0);
}

/// How many entries went to the bus.
Result<std::size_t> Relay::hand_over() {
    if (handed_ == ready_.size()) {
        ready_.clear();
        handed_ = 0;
        auto const room = static_cast<std::int64_t>(options_.max_under_way) - under_way_;
        if (room <= 0) return std::size_t{0};
        auto entries = log_.read(read_, std::min(options_.max_batch, static_cast<std::size_t>(room)));
        if (!entries && entries.error().code == ErrorCode::not_found) return skip_pruned();
        if (!entries) return entries.error();
        ready_ = std::move(*entries);
        read_ += static_cast<std::int64_t>(ready_.size());
    }
    if (ready_.empty()) return std::size_t{0};
    auto const taken = bus_.enqueue(std::span<OutboxEvent const>(ready_).subspan(handed_));
    if (!taken) return taken.error();
    if (*taken == 0) return std::size_t{0};
    if (under_way_ == 0) progressed_ = clock_.steady_now();
    count_repeats(ready_[handed_].position, *taken);
    handed_ += *taken;
    under_way_ += static_cast<std::int64_t>(*taken);
    return *taken;
}

/// Entries that nobody published are gone: pruning respects the cursor, so an operator's hand was in it. Their points are in the
/// store, from which the consumer mends the averages; the relay goes on with what comes.
Result<std::size_t> Relay::skip_pruned() {
    if (under_way_ > 0 || acknowledged_ > 0) return std::size_t{0};
    auto const head = log_.head();
    if (!head) return head.error();
    counts_->pruned.Increment(static_cast<double>(*head + 1 - claim_->next));
    lines_.error("relay.events_pruned", {{"wanted", claim_->next}, {"next", *head + 1}});
    acknowledged_ = *head + 1 - claim_->next;
    read_ = *head + 1;
    return std::size_t{0};
}

Result<void> Relay::collect(milliseconds wait) {
    auto const report = bus_.delivered(under_way_ > 0 ? wait : milliseconds(0));
    auto const count = static_cast<std::int64_t>(report.delivered);
    counts_->published.Increment(static_cast<double>(report.delivered));
    acknowledged_ += count;
    under_way_ -= count;
    if (count > 0) {
        progressed_ = clock_.steady_now();
        retry_.forget();
    }
    if (!report.failure) return {};
    counts_->delivery_failures.Increment();
    // What was acknowledged before the failure stays so, but where the cursor cannot be moved it comes again.
    under_way_ = 0;
    if (acknowledged_ > 0) static_cast<void>(move_cursor());
    return *report.failure;
}

/// Each move is a transaction that the store makes durable beside those of the ingest. Now and then it is one without moving, to
/// keep the lease.
bool Relay::worth_a_move() const {
    if (acknowledged_ >= static_cast<std::int64_t>(options_.max_batch)) return true;
    return clock_.steady_now() - renewed_ >= (acknowledged_ > 0 ? options_.move_every : options_.renew_every);
}

/// Over what was acknowledged.
Result<void> Relay::move_cursor() {
    auto const now = clock_.steady_now();
    auto const moved = cursor_.advance(*claim_, acknowledged(), options_.lease);
    if (!moved) return moved;
    claim_->next = acknowledged();
    acknowledged_ = 0;
    renewed_ = now;
    counts_->cursor.Set(static_cast<double>(claim_->next));
    return {};
}

/// What is under way stays so, unless the cursor is not ours any more: by the store's word, or since it was silent for too long.
milliseconds Relay::failed(char const* what, Error const& error) {
    auto const pause = retry_.failed(what, error);
    bool const lapsed = claim_ && clock_.steady_now() - renewed_ >= options_.patience;
    if (error.code == ErrorCode::fenced || lapsed) start_again(false);
    return pause;
}

void Relay::start_again(bool keep_claim) {
    bus_.abandon();
    ready_.clear();
    handed_ = 0;
    under_way_ = 0;
    acknowledged_ = 0;
    if (!keep_claim) claim_.reset();
    if (claim_) read_ = claim_->next;
}

void Relay::count_repeats(std::int64_t first, std::size_t count) {
    std::int64_t const last = first + static_cast<std::int64_t>(count) - 1;
    if (first <= highest_) counts_->repeated.Increment(static_cast<double>(std::min(last, highest_) - first + 1));
    highest_ = std::max(highest_, last);
}

void Relay::judge() {
    bool const stalled = under_way_ > 0 && clock_.steady_now() - progressed_ >= options_.stalled_after;
    if (stalled && healthy()) lines_.warning("relay.stalled", {{"under_way", under_way_}, {"next", claim_->next}});
    if (stalled || !retry_.failing()) retry_.say(!stalled);
    counts_->under_way.Set(static_cast<double>(under_way_));
    if (under_way_ == 0) retry_.forget();
}

/// Also while the bus is away: that is when it grows.
void Relay::look_at_backlog() {
    auto const now = clock_.steady_now();
    if (now - looked_ < options_.backlog_every) return;
    looked_ = now;
    if (auto const head = log_.head()) counts_->backlog.Set(static_cast<double>(*head + 1 - claim_->next));
}

void Relay::wait_for_news() {
    if (options_.look_every.count() == 0) return;
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, options_.look_every, [this] { return news_ || interrupted_; });
    news_ = false;
}

void Relay::committed(std::span<PricePoint const>) noexcept {
    {
        std::lock_guard const lock(mutex_);
        news_ = true;
    }
    wake_.notify_one();
    bus_.interrupt();
}

void Relay::interrupt() noexcept {
    {
        std::lock_guard const lock(mutex_);
        interrupted_ = true;
    }
    wake_.notify_one();
    bus_.interrupt();
}

void Relay::release() noexcept {
    if (!claim_) return;
    for (int turns = healthy() ? 50 : 1; turns > 0 && under_way_ > 0; --turns) {
        auto const report = bus_.delivered(options_.report_wait);
        counts_->published.Increment(static_cast<double>(report.delivered));
        acknowledged_ += static_cast<std::int64_t>(report.delivered);
        under_way_ = report.failure ? 0 : under_way_ - static_cast<std::int64_t>(report.delivered);
    }
    static_cast<void>(cursor_.advance(*claim_, acknowledged(), milliseconds(0)));
    start_again(false);
}

}  // namespace mds
