#pragma once

#include <mds/domain/quota.hpp>
#include <mds/ports/task.hpp>

#include <vector>

namespace mds {

struct QuotaGrant {
    UtcTime now;                      ///< of the ledger's clock, at some moment of the call
    std::vector<QuotaReply> replies;  ///< one per wish
    std::vector<std::size_t> left;    ///< of each window, for reads, at that moment
};

/// What has been spent of providers' quotas, by all processes of a store together, and across restarts: settle() over what is
/// stored, in one durable transaction per provider. What a process took is spent, unless it gives it back: one that was killed can
/// exceed nothing. Any I/O thread; resumes there.
class QuotaLedger {
public:
    virtual ~QuotaLedger() = default;
    virtual Task<QuotaGrant> take(QuotaOrder order) = 0;
};

}  // namespace mds
