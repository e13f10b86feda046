#include <mds/domain/series_state.hpp>

#include <algorithm>

namespace mds {

std::int64_t SeriesState::next_seq(UtcTime fetched_at) noexcept {
    if (last_seq > 0 && fetched_at < max_fetched) disorder = std::max(disorder, max_fetched - fetched_at);
    max_fetched = last_seq > 0 ? std::max(max_fetched, fetched_at) : fetched_at;
    return ++last_seq;
}

void SeriesState::polled(Observation const& poll) noexcept {
    polled_at = poll.fetched_at;
    poll_duration = poll.duration;
    if (poll.tick) poll_due = poll.tick->due;
}

void SeriesState::poll_succeeded(Observation const& poll) {
    polled(poll);
    failures = 0;
    last_error.clear();
}

void SeriesState::poll_failed(Observation const& poll, std::string_view error) {
    bool const same_tick = poll.tick ? poll_due == poll.tick->due : poll.attempt > 1;
    if (failures == 0 || !same_tick) ++failures;
    polled(poll);
    last_error = error;
}

bool is_poll(Observation const& observation) noexcept {
    return observation.cause == FetchCause::schedule || observation.cause == FetchCause::immediate;
}

bool is_complete(Observation const& observation) noexcept {
    if (observation.results.empty() || observation.results.size() != observation.symbols.size()) return false;
    if (observation.answer) return true;
    return std::ranges::none_of(observation.results, [](SymbolResult const& result) { return result.quote() != nullptr; });
}

void TargetPolls::add(std::string const& provider, SeriesState const& series) {
    if (!series.polled_at) return;
    bool const first = state_.health == TargetHealth::unknown;
    if (!state_.last_poll || *series.polled_at >= *state_.last_poll) {
        state_.last_poll = series.polled_at;
        state_.last_poll_duration = std::chrono::duration_cast<std::chrono::milliseconds>(series.poll_duration);
        state_.last_error = series.last_error;
    }
    if (series.poll_due) state_.last_due = state_.last_due ? std::max(*state_.last_due, *series.poll_due) : *series.poll_due;
    state_.consecutive_failures = first ? series.failures : std::min(state_.consecutive_failures, series.failures);
    state_.health = state_.consecutive_failures == 0 ? TargetHealth::up : TargetHealth::down;
    if (series.last_seq > 0 && (!newest_success_ || series.max_fetched > *newest_success_)) {
        newest_success_ = series.max_fetched;
        state_.last_provider = provider;
    }
}

TargetState TargetPolls::state() const {
    TargetState state = state_;
    if (state.health == TargetHealth::up) state.last_error.clear();
    return state;
}

}  // namespace mds
