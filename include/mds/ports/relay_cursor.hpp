#pragma once

#include <mds/domain/error.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mds {

/// The right to publish the outbox: `term` grows with every claim, so that a former holder cannot move the cursor.
struct RelayClaim {
    std::int64_t term = 0;
    std::int64_t next = 1;  ///< the first outbox position that is not known to be on the bus
};

/// How far the outbox was published, and who may go on. Blocking; relay thread only.
class RelayCursor {
public:
    virtual ~RelayCursor() = default;
    /// Takes the cursor for `ttl` by the store's own clock; nullopt while somebody else holds it. `owner` is unique to the process,
    /// and gets again at once what it holds. The first claim ever begins at the oldest entry of the outbox, and forgets the offsets
    /// of a consumer that read the outbox itself: from now on they count another log.
    virtual Result<std::optional<RelayClaim>> claim(std::string_view owner, std::chrono::milliseconds ttl) = 0;
    /// Moves the cursor from `claim.next` to `next`, or renews where they are equal, and holds it for `ttl` from now; 0 gives it
    /// back. Errors: fenced (somebody else has it, or it stands elsewhere: claim again), unavailable.
    virtual Result<void> advance(RelayClaim const& claim, std::int64_t next, std::chrono::milliseconds ttl) = 0;
    /// No relay any more: the consumer reads the outbox itself. Removes the cursor, and with it offsets that counted another log.
    virtual Result<void> retire() = 0;
};

}  // namespace mds
