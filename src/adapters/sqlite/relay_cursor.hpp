#pragma once

#include <mds/ports/relay_cursor.hpp>

#include "adapters/sqlite/write_side.hpp"

namespace mds::sqlite {

class RelayCursorPort final : public RelayCursor {
public:
    /// Nobody holds the cursor at first: who did was a process that has ended, since the store's directory was free.
    explicit RelayCursorPort(WriteSide& side);
    Result<std::optional<RelayClaim>> claim(std::string_view owner, std::chrono::milliseconds ttl) override;
    Result<void> advance(RelayClaim const& claim, std::int64_t next, std::chrono::milliseconds ttl) override;
    Result<void> retire() override;

private:
    WriteSide& side_;
    Statement create_;
    Statement forget_offsets_;
    Statement claim_;
    Statement advance_;
    Statement retire_offsets_;
    Statement retire_;
};

}  // namespace mds::sqlite
