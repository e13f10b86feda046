#include "adapters/sqlite/job_reads.hpp"

#include <mds/domain/series_state.hpp>

#include "adapters/sqlite/job_rows.hpp"

#include <cstdint>

namespace mds::sqlite {
namespace {

SeriesState read_polls(Statement::Rows const& rows) {
    SeriesState series;
    series.polled_at = rows.optional_time(0);
    series.poll_due = rows.optional_time(1);
    series.poll_duration = std::chrono::microseconds(rows.integer(2));
    series.failures = rows.integer(3);
    series.last_error = rows.text(4);
    series.last_seq = rows.integer(5);
    series.max_fetched = rows.time(6);
    return series;
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
      // In this order of loops: a look-up by key for each symbol.
      unpolled_(connection,
                "SELECT id, symbol, last_poll FROM (SELECT polling_jobs.id AS id, active_since, json_each_symbol.value AS symbol, "
                "(SELECT max(series.polled_at) FROM json_each(polling_jobs.providers) AS json_each_provider CROSS JOIN series "
                "WHERE series.symbol = json_each_symbol.value AND series.provider = json_each_provider.value) AS last_poll "
                "FROM polling_jobs INDEXED BY polling_jobs_planned CROSS JOIN json_each(polling_jobs.symbols) AS json_each_symbol "
                "WHERE (status IN ('accepted', 'active') OR (status = 'paused' AND run_requested > run_done)) "
                "AND status = 'active') WHERE last_poll IS NULL OR last_poll < active_since"),
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
    TargetPolls polls;
    for (std::string const& provider : target.providers) {
        auto rows = state_.query(target.symbol.str(), provider);
        if (rows.next()) polls.add(provider, read_polls(rows));
    }
    return polls.state();
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
    {
        auto rows = unpolled_.query();
        while (rows.next()) {
            auto symbol = Symbol::parse(rows.text(1), SymbolCase::preserve);
            if (symbol) plan.unpolled.push_back(UnpolledTarget{std::string(rows.text(0)), *std::move(symbol), rows.optional_time(2)});
        }
    }
    plan.last_settled = times(settled_);
    plan.not_before = times(waits_);
    return plan;
}

}  // namespace mds::sqlite
