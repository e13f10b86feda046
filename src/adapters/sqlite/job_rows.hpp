#pragma once

#include <mds/domain/job.hpp>

#include "adapters/sqlite/connection.hpp"

#include <string_view>

namespace mds::sqlite {

/// Of `polling_jobs`, in the order in which read_job() takes them.
inline constexpr std::string_view job_columns =
    "id, status, symbols, interval, providers, provider_is_list, created_at, active_since, ticked, run_requested, run_done";

Job read_job(Statement::Rows const& rows);

/// INSERT or replace of a whole job.
class JobWrite {
public:
    explicit JobWrite(Connection& connection);
    void run(Job const& job);

private:
    Statement statement_;
};

}  // namespace mds::sqlite
