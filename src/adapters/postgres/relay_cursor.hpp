#pragma once

#include <mds/ports/relay_cursor.hpp>

#include "adapters/postgres/connection.hpp"

namespace mds::postgres {

class RelayCursorPort final : public RelayCursor {
public:
    RelayCursorPort(ConnectionOptions const& options, Condition& condition) : connection_(options, Side::write, condition) {}
    Result<std::optional<RelayClaim>> claim(std::string_view owner, std::chrono::milliseconds ttl) override;
    Result<void> advance(RelayClaim const& claim, std::int64_t next, std::chrono::milliseconds ttl) override;
    Result<void> retire() override;

private:
    Connection connection_;
};

}  // namespace mds::postgres
