#pragma once

#include "services/job_service.hpp"

#include <string>

namespace mds::http {

/// The 202 of POST /prices/poll.
std::string accepted_body(Job const& job);
/// GET /prices/poll/{job_id}, and an entry of the list.
void append_job(std::string& out, JobView const& view);

}  // namespace mds::http
