#pragma once
// The JSON bodies of the routes under /prices/poll.

#include <mds/domain/job.hpp>
#include <mds/ports/job_store.hpp>

#include "modules/http/body_fields.hpp"
#include "modules/http/options.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace mds::http {

/// POST /prices/poll. `default_provider` where the body names none.
BodyOr<JobConfig> read_job(Request const& request, Options const& options);
/// PATCH /prices/poll/{job_id}
BodyOr<JobPatch> read_patch(Request const& request, Options const& options);
/// A POST that needs no body: none, or an empty object.
std::optional<Reply> refuse_body(Request const& request);

/// "60s", "5m", "1h": digits and one of s, m, h. nullopt: another form, or more than fits.
std::optional<std::chrono::seconds> parse_duration(std::string_view text) noexcept;

}  // namespace mds::http
