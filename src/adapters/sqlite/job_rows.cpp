#include "adapters/sqlite/job_rows.hpp"

#include "adapters/sqlite/json_list.hpp"

namespace mds::sqlite {

Job read_job(Statement::Rows const& rows) {
    Job job;
    job.id = rows.text(0);
    job.status = parse_job_status(rows.text(1)).value_or(JobStatus::cancelled);
    job.config.symbols = read_symbols(rows.text(2));
    job.config.interval = std::chrono::seconds(rows.integer(3));
    job.config.providers = read_names(rows.text(4));
    job.config.provider_is_list = rows.integer(5) != 0;
    job.created_at = rows.time(6);
    job.active_since = rows.time(7);
    job.ticked = rows.integer(8) != 0;
    job.run_requested = rows.integer(9);
    job.run_done = rows.integer(10);
    return job;
}

JobWrite::JobWrite(Connection& connection)
    : statement_(connection, "INSERT OR REPLACE INTO polling_jobs (" + std::string(job_columns) +
                                 ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)") {}

void JobWrite::run(Job const& job) {
    std::string symbols;
    std::string providers;
    write_list(job.config.symbols, symbols);
    write_list(job.config.providers, providers);
    statement_.run(job.id, to_string(job.status), symbols, job.config.interval.count(), providers, job.config.provider_is_list,
                   job.created_at, job.active_since, job.ticked, job.run_requested, job.run_done);
}

}  // namespace mds::sqlite
