#pragma once

#include <mds/ports/quota_ledger.hpp>

#include "adapters/sqlite/write_side.hpp"

#include <boost/asio/thread_pool.hpp>

#include <chrono>

namespace mds::sqlite {

/// Its clock is the wall clock at the start, and the steady one from there on: setting the clock frees no quota while the process
/// runs.
class QuotaPort final : public QuotaLedger {
public:
    /// `pool`: one thread.
    QuotaPort(net::thread_pool& pool, WriteSide& side);
    Task<QuotaGrant> take(QuotaOrder order) override;

private:
    Result<QuotaGrant> taken(QuotaOrder const& order);
    UtcTime now() const;

    net::thread_pool& pool_;
    WriteSide& side_;
    UtcTime const began_;
    std::chrono::steady_clock::time_point const steady_began_;
    Statement read_;
    Statement add_;
    Statement drop_;
};

}  // namespace mds::sqlite
