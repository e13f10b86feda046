#include "adapters/postgres/job_reads.hpp"

#include "adapters/postgres/point_row.hpp"
#include "adapters/postgres/statements.hpp"

namespace mds::postgres {
namespace {

std::map<std::string, UtcTime> times(Rows& rows) {
    std::map<std::string, UtcTime> times;
    while (rows.next()) times.emplace(rows.text(0), rows.time(1));
    return times;
}

}  // namespace

Job read_job(Rows const& rows) {
    Job job;
    job.id = rows.text(0);
    job.status = parse_job_status(rows.bytes(1)).value_or(JobStatus::cancelled);
    for (std::string const& name : rows.texts(2))
        if (auto symbol = Symbol::parse(name, SymbolCase::preserve)) job.config.symbols.push_back(*std::move(symbol));
    job.config.interval = std::chrono::seconds(rows.integer(3));
    job.config.providers = rows.texts(4);
    job.config.provider_is_list = rows.boolean(5);
    job.created_at = rows.time(6);
    job.active_since = rows.time(7);
    job.ticked = rows.boolean(8);
    job.run_requested = rows.integer(9);
    job.run_done = rows.integer(10);
    return job;
}

Result<std::optional<Job>> JobQueries::find(std::string const& id) {
    auto rows = connection_.ask(sql::jobs::find, std::string_view(id));
    if (!rows) return rows.error();
    if (!rows->next()) return std::optional<Job>();
    return std::optional<Job>(read_job(*rows));
}

Result<JobPage> JobQueries::list(JobFilter const& filter) {
    UtcTime const after = filter.cursor ? filter.cursor->first : earliest;
    std::string_view const after_id = filter.cursor ? std::string_view(filter.cursor->second) : std::string_view();
    std::optional<std::string_view> status;
    std::optional<std::string_view> symbol;
    std::optional<std::string_view> provider;
    if (filter.status) status = to_string(*filter.status);
    if (filter.symbol) symbol = filter.symbol->str();
    if (filter.provider) provider = *filter.provider;
    auto rows =
        connection_.ask(sql::jobs::list, after, after_id, status, symbol, provider, static_cast<std::int64_t>(filter.limit) + 1);
    if (!rows) return rows.error();
    JobPage page;
    page.more = rows->size() > filter.limit;
    while (page.jobs.size() < filter.limit && rows->next()) page.jobs.push_back(read_job(*rows));
    return page;
}

Result<std::vector<TargetState>> JobQueries::states(std::vector<Target> const& targets) {
    Column symbols(Column::Type::text);
    Column providers(Column::Type::text);
    std::vector<std::size_t> target_of;  // per pair of the two columns
    for (std::size_t i = 0; i < targets.size(); ++i) {
        for (std::string const& provider : targets[i].providers) {
            symbols.add(std::string_view(targets[i].symbol.str()));
            providers.add(std::string_view(provider));
            target_of.push_back(i);
        }
    }
    auto rows = connection_.ask(sql::jobs::states, symbols, providers);
    if (!rows) return rows.error();
    std::vector<TargetPolls> polls(targets.size());
    while (rows->next()) {
        auto const pair = static_cast<std::size_t>(rows->integer(0)) - 1;
        polls[target_of[pair]].add(rows->text(1), read_series_state(*rows, 2));
    }
    std::vector<TargetState> states;
    states.reserve(polls.size());
    for (TargetPolls const& each : polls) states.push_back(each.state());
    return states;
}

/// The revision is read first: a change that comes between raises it again, and the next load sees that.
Result<std::optional<PollPlan>> JobQueries::plan(std::optional<std::int64_t> known) {
    auto revision = connection_.ask(sql::jobs::revision);
    if (!revision) return revision.error();
    PollPlan plan;
    if (revision->next()) plan.revision = revision->integer(0);
    if (plan.revision == known) return std::optional<PollPlan>();
    connection_.send(sql::jobs::planned);
    connection_.send(sql::jobs::unpolled);
    connection_.send(sql::jobs::settled);
    connection_.send(sql::jobs::waits);
    auto replies = connection_.run();
    if (!replies) return replies.error();
    for (Rows& rows = replies->at(0); rows.next();) plan.jobs.push_back(read_job(rows));
    for (Rows& rows = replies->at(1); rows.next();) {
        auto symbol = Symbol::parse(rows.text(1), SymbolCase::preserve);
        if (symbol) plan.unpolled.push_back(UnpolledTarget{rows.text(0), *std::move(symbol), rows.optional_time(2)});
    }
    plan.last_settled = times(replies->at(2));
    plan.not_before = times(replies->at(3));
    return std::optional<PollPlan>(std::move(plan));
}

Result<std::map<std::string, UtcTime>> JobQueries::waits() {
    auto rows = connection_.ask(sql::jobs::waits);
    if (!rows) return rows.error();
    return times(*rows);
}

}  // namespace mds::postgres
