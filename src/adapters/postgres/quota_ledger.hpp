#pragma once

#include <mds/ports/quota_ledger.hpp>

#include "adapters/postgres/workers.hpp"

namespace mds::postgres {

/// By the server's clock, and one process at a time per provider. On a connection of its own: requests wait for it.
class QuotaPort final : public QuotaLedger {
public:
    QuotaPort(ConnectionOptions const& options, Condition& condition) : worker_(1, options, Side::write, condition) {}
    Task<QuotaGrant> take(QuotaOrder order) override;

private:
    Workers worker_;
};

}  // namespace mds::postgres
