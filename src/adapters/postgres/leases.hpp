#pragma once

#include <mds/ports/leases.hpp>

#include "adapters/postgres/workers.hpp"

namespace mds::postgres {

/// On a connection of its own: a renewal must not wait behind other work.
class LeasePort final : public Leases {
public:
    LeasePort(ConnectionOptions const& options, Condition& condition) : worker_(1, options, Side::write, condition) {}
    Task<LeaseRound> renew(std::string owner, std::vector<std::string> wanted, std::chrono::milliseconds ttl) override;
    Task<void> give_back(std::string owner, std::vector<std::string> keys) override;
    Task<void> leave(std::string owner) override;

private:
    Workers worker_;
};

}  // namespace mds::postgres
