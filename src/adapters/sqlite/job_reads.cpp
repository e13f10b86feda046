#include "adapters/sqlite/job_reads.hpp"

#include "adapters/sqlite/job_rows.hpp"

#include <algorithm>
#include <cstdint>

namespace mds::sqlite {
namespace {

/// Gathers a target's state from the series of its providers. Failover asks in order and stops at the first success, so one
/// provider that works makes the target work, and when none does, the one with the fewest failures tells how often the target
/// failed.
struct Gather {
    TargetState state{};
    std::int64_t newest_success = -1;

    void add(std::string const& provider, Statement::Rows const& rows);
};

void Gather::add(std::string const& provider, Statement::Rows const& rows) {
    auto const polled = rows.optional_time(0);
    if (!polled) return;
    std::int64_t const failures = rows.integer(3);
    bool const first = state.health == TargetHealth::unknown;
    bool const latest = !state.last_poll || *polled >= *state.last_poll;
    if (latest) {
        state.last_poll = polled;
        state.last_poll_duration =
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::microseconds(rows.integer(2)));
        state.last_error = rows.text(4);
    }
    if (auto const due = rows.optional_time(1)) state.last_due = state.last_due ? std::max(*state.last_due, *due) : *due;
    state.consecutive_failures = first ? failures : std::min(state.consecutive_failures, failures);
    state.health = state.consecutive_failures == 0 ? TargetHealth::up : TargetHealth::down;
    if (rows.integer(5) > 0 && rows.integer(6) > newest_success) {
        newest_success = rows.integer(6);
        state.last_provider = provider;
    }
}

}  // namespace

JobQueries::JobQueries(Connection& connection)
    : find_(connection, "SELECT " + std::string(job_columns) + " FROM polling_jobs WHERE id = ?"),
      list_(connection, "SELECT " + std::string(job_columns) +
                            " FROM polling_jobs WHERE (created_at, id) > (?1, ?2) AND (?3 IS NULL OR status = ?3) "
                            "AND (?4 IS NULL OR EXISTS (SELECT 1 FROM json_each(symbols) WHERE value = ?4)) "
                            "AND (?5 IS NULL OR EXISTS (SELECT 1 FROM json_each(providers) WHERE value = ?5)) "
                            "ORDER BY created_at, id LIMIT ?6"),
      state_(connection,
             "SELECT polled_at, poll_due, poll_duration, failures, last_error, last_seq, max_fetched FROM series "
             "WHERE symbol = ? AND provider = ?"),
      revision_(connection, "SELECT plan_revision FROM store_meta WHERE id = 1"),
      planned_(connection, "SELECT " + std::string(job_columns) +
                               " FROM polling_jobs WHERE status IN ('accepted', 'active') "
                               "OR (status = 'paused' AND run_requested > run_done) ORDER BY created_at"),
      settled_(connection, "SELECT name, last_settled FROM poll_progress WHERE last_settled IS NOT NULL"),
      waits_(connection, "SELECT provider, not_before FROM provider_waits") {}

std::optional<Job> JobQueries::find(std::string const& id) {
    auto rows = find_.query(id);
    if (!rows.next()) return std::nullopt;
    return read_job(rows);
}

JobPage JobQueries::list(JobFilter const& filter) {
    JobPage page;
    std::int64_t const after = filter.cursor ? filter.cursor->first.time_since_epoch().count() : INT64_MIN;
    std::string_view const after_id = filter.cursor ? std::string_view(filter.cursor->second) : std::string_view();
    std::optional<std::string_view> status;
    std::optional<std::string_view> symbol;
    std::optional<std::string_view> provider;
    if (filter.status) status = to_string(*filter.status);
    if (filter.symbol) symbol = filter.symbol->str();
    if (filter.provider) provider = *filter.provider;
    auto rows = list_.query(after, after_id, status, symbol, provider, static_cast<std::int64_t>(filter.limit) + 1);
    while (rows.next()) {
        if (page.jobs.size() == filter.limit) {
            page.more = true;
            break;
        }
        page.jobs.push_back(read_job(rows));
    }
    return page;
}

TargetState JobQueries::state(Target const& target) {
    Gather gather;
    for (std::string const& provider : target.providers) {
        auto rows = state_.query(target.symbol.str(), provider);
        if (rows.next()) gather.add(provider, rows);
    }
    if (gather.state.health == TargetHealth::up) gather.state.last_error.clear();
    return std::move(gather.state);
}

std::map<std::string, UtcTime> JobQueries::times(Statement& statement) {
    std::map<std::string, UtcTime> times;
    auto rows = statement.query();
    while (rows.next()) times.emplace(rows.text(0), rows.time(1));
    return times;
}

std::optional<PollPlan> JobQueries::plan(std::optional<std::int64_t> known) {
    PollPlan plan;
    {
        auto rows = revision_.query();
        if (rows.next()) plan.revision = rows.integer(0);
    }
    if (plan.revision == known) return std::nullopt;
    {
        auto rows = planned_.query();
        while (rows.next()) plan.jobs.push_back(read_job(rows));
    }
    plan.last_settled = times(settled_);
    plan.not_before = times(waits_);
    return plan;
}

}  // namespace mds::sqlite
