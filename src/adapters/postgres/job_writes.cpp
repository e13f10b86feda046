#include "adapters/postgres/job_writes.hpp"

#include "adapters/postgres/job_reads.hpp"
#include "adapters/postgres/statements.hpp"
#include "adapters/postgres/tick_fence.hpp"

#include <algorithm>

namespace mds::postgres {
namespace {

constexpr std::chrono::hours key_memory{24};

std::string list_of(std::vector<Symbol> const& symbols) {
    std::vector<std::string> names;
    for (Symbol const& symbol : symbols) names.push_back(symbol.str());
    return text_list(names);
}

}  // namespace

void JobWriter::send(Sql const& sql, Job const& job) {
    connection_.send(sql, std::string_view(job.id), to_string(job.status), std::string_view(list_of(job.config.symbols)),
                     std::int64_t{job.config.interval.count()}, std::string_view(text_list(job.config.providers)),
                     job.config.provider_is_list, job.created_at, job.active_since, job.ticked, job.run_requested, job.run_done);
}

Result<std::optional<CreateOutcome>> JobWriter::take_key(Idempotency const& request, Job const& job) {
    connection_.send(sql::jobs::forget_keys, job.created_at - key_memory);
    connection_.send(sql::jobs::insert_key, std::string_view(request.key), std::string_view(request.request_digest),
                     std::string_view(job.id), std::string_view(clean_text(request.answer)), job.created_at);
    connection_.send(sql::jobs::read_key, std::string_view(request.key));
    auto replies = connection_.run();
    if (!replies) return replies.error();
    Rows& key = replies->at(2);
    if (replies->at(1).changes() == 1 || !key.next()) return std::optional<CreateOutcome>();
    if (key.bytes(0) != request.request_digest) return std::optional<CreateOutcome>(IdempotencyConflict{});
    if (key.bytes(1) == job.id) return std::optional<CreateOutcome>(JobCreated{});  // our own, whose end we did not learn
    return std::optional<CreateOutcome>(JobReplayed{key.text(1), key.text(2)});
}

Result<CreateOutcome> JobWriter::create(Job const& job, std::optional<Idempotency> const& idempotency) {
    TransactionScope const scope(connection_);
    if (auto begun = connection_.ask(sql::begin); !begun) return begun.error();
    if (idempotency) {
        auto known = take_key(*idempotency, job);
        if (!known) return known.error();
        if (*known) return **std::move(known);
    }
    send(sql::jobs::insert, job);
    connection_.send(sql::jobs::raise_revision);
    connection_.send(sql::commit);
    if (auto done = connection_.run(); !done) return done.error();
    return CreateOutcome(JobCreated{});
}

Result<Job> JobWriter::change(std::string const& id, JobChange const& change, UtcTime now) {
    TransactionScope const scope(connection_);
    connection_.send(sql::begin);
    connection_.send(sql::jobs::find_for_change, std::string_view(id));
    auto found = connection_.run();
    if (!found) return found.error();
    Rows& rows = found->at(1);
    if (!rows.next()) return Error(ErrorCode::not_found, "no such job");
    Job job = read_job(rows);
    if (job.status == JobStatus::cancelled) {
        if (!std::holds_alternative<JobCancel>(change)) return Error(ErrorCode::conflict, "the job is cancelled");
        return job;
    }
    if (!apply(change, job, now)) return job;
    send(sql::jobs::update, job);
    connection_.send(sql::jobs::raise_revision);
    connection_.send(sql::commit);
    if (auto done = connection_.run(); !done) return done.error();
    return job;
}

void JobWriter::send(MissedRange const& range) {
    connection_.send(sql::jobs::missed, std::string_view(range.group), range.first, range.last, range.ticks,
                     to_string(range.reason), std::string_view(range.provider), std::int64_t{range.interval.count()},
                     std::string_view(list_of(range.symbols)));
}

Result<std::size_t> JobWriter::record(std::vector<MissedRange> const& missed, std::vector<JobProgress> const& progress,
                                      std::map<std::string, UtcTime> const& not_before) {
    // In one order, whoever writes: two transactions that meet wait for each other one way round.
    auto const ordered = [](auto rows, auto key) {
        std::ranges::stable_sort(rows, {}, key);
        return rows;
    };
    TransactionScope const scope(connection_);
    connection_.send(sql::begin);
    auto const ours = without_lost_ranges(connection_, missed);
    if (!ours) return ours.error();
    for (MissedRange const& range : ordered(*ours, &MissedRange::group)) send(range);
    for (JobProgress const& job : ordered(progress, &JobProgress::id))
        connection_.send(sql::jobs::progress, std::string_view(job.id), job.ticked, job.run_done);
    for (auto const& [provider, time] : not_before) connection_.send(sql::jobs::wait, std::string_view(provider), time);
    connection_.send(sql::commit);
    if (auto done = connection_.run(); !done) return done.error();
    return missed.size() - ours->size();
}

}  // namespace mds::postgres
