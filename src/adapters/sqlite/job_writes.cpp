#include "adapters/sqlite/job_writes.hpp"

#include "adapters/sqlite/json_list.hpp"

namespace mds::sqlite {
namespace {

constexpr std::chrono::hours key_memory{24};

}  // namespace

JobWriter::JobWriter(WriteSide& side)
    : side_(side),
      write_(side.connection),
      read_(side.connection, "SELECT " + std::string(job_columns) + " FROM polling_jobs WHERE id = ?"),
      raise_revision_(side.connection, "UPDATE store_meta SET plan_revision = plan_revision + 1 WHERE id = 1"),
      forget_keys_(side.connection, "DELETE FROM idempotency_keys WHERE created_at <= ?"),
      read_key_(side.connection, "SELECT request_digest, job_id, answer FROM idempotency_keys WHERE key = ?"),
      write_key_(side.connection,
                 "INSERT INTO idempotency_keys (key, request_digest, job_id, answer, created_at) VALUES (?, ?, ?, ?, ?)") {}

std::optional<CreateOutcome> JobWriter::earlier(Idempotency const& request, UtcTime now) {
    forget_keys_.run(now - key_memory);
    auto rows = read_key_.query(request.key);
    if (!rows.next()) return std::nullopt;
    if (rows.text(0) != request.request_digest) return IdempotencyConflict{};
    return JobReplayed{std::string(rows.text(1)), std::string(rows.text(2))};
}

Result<CreateOutcome> JobWriter::create(Job const& job, std::optional<Idempotency> const& idempotency) {
    WriteTransaction transaction(side_);
    CreateOutcome outcome = JobCreated{};
    if (idempotency) {
        if (auto known = earlier(*idempotency, job.created_at)) {
            outcome = *std::move(known);
        } else {
            write_key_.run(idempotency->key, idempotency->request_digest, job.id, idempotency->answer, job.created_at);
        }
    }
    if (std::holds_alternative<JobCreated>(outcome)) {
        write_.run(job);
        raise_revision_.run();
    }
    if (auto done = transaction.commit(); !done) return done.error();
    return outcome;
}

Result<Job> JobWriter::change(std::string const& id, JobChange const& change, UtcTime now) {
    WriteTransaction transaction(side_);
    std::optional<Job> job;
    {
        auto rows = read_.query(id);
        if (rows.next()) job = read_job(rows);
    }
    if (!job) {
        if (auto done = transaction.commit(); !done) return done.error();
        return Error(ErrorCode::not_found, "no such job");
    }
    bool const again = job->status == JobStatus::cancelled;
    if (again && !std::holds_alternative<JobCancel>(change)) return Error(ErrorCode::conflict, "the job is cancelled");
    if (!again && apply(change, *job, now)) {
        write_.run(*job);
        raise_revision_.run();
    }
    if (auto done = transaction.commit(); !done) return done.error();
    return *std::move(job);
}

PlanWriter::PlanWriter(WriteSide& side)
    : side_(side),
      settle_(side.connection,
              "INSERT INTO poll_progress (name, last_settled) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET "
              "last_settled = max(coalesce(last_settled, excluded.last_settled), excluded.last_settled) RETURNING id"),
      missed_(side.connection,
              "INSERT INTO missed_ticks (group_id, first_due, last_due, ticks, reason, provider, interval, symbols) "
              "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (group_id, first_due) DO UPDATE SET "
              "last_due = excluded.last_due, ticks = excluded.ticks WHERE excluded.last_due > last_due"),
      // A paused or cancelled job keeps its status.
      progress_(side.connection,
                "UPDATE polling_jobs SET ticked = max(ticked, ?2), run_done = max(run_done, ?3), "
                "status = iif(?2 AND status = 'accepted', 'active', status) WHERE id = ?1"),
      wait_(side.connection,
            "INSERT INTO provider_waits (provider, not_before) VALUES (?, ?) "
            "ON CONFLICT (provider) DO UPDATE SET not_before = excluded.not_before") {}

void PlanWriter::write(MissedRange const& range) {
    std::int64_t group = 0;
    {
        auto rows = settle_.query(range.group, range.last);
        while (rows.next()) group = rows.integer(0);
    }
    std::string symbols;
    write_list(range.symbols, symbols);
    missed_.run(group, range.first, range.last, range.ticks, to_string(range.reason), range.provider, range.interval.count(),
                symbols);
}

Result<void> PlanWriter::record(std::vector<MissedRange> const& missed, std::vector<JobProgress> const& progress,
                                std::map<std::string, UtcTime> const& not_before) {
    WriteTransaction transaction(side_);
    for (MissedRange const& range : missed) write(range);
    for (JobProgress const& job : progress) progress_.run(job.id, job.ticked, job.run_done);
    for (auto const& [provider, time] : not_before) wait_.run(provider, time);
    return transaction.commit();
}

}  // namespace mds::sqlite
