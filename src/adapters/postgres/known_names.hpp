#pragma once

#include <mds/domain/symbol.hpp>

#include "adapters/postgres/connection.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>

namespace mds::postgres {

/// The numbers of series and fetch groups. Made once, never removed, so they are remembered; a row is made in a transaction of its
/// own, before the one that needs it, so that no unfinished one holds others up. Belongs to a connection: after a restart of the
/// server, which may have been a restore, it learns anew.
class KnownNames {
public:
    explicit KnownNames(Connection& connection) : connection_(connection) {}

    /// Makes sure that series() and group() know these.
    Result<void> learn(std::set<Series> const& series, std::set<std::string> const& groups);
    /// Whether learn() has nothing to ask for this one.
    bool knows(Series const& series) const { return generation_ == connection_.generation() && series_.contains(series); }
    /// Precondition: learned.
    std::int64_t series(Series const& series) const { return series_.at(series); }
    std::int64_t group(std::string const& name) const { return groups_.at(name); }

private:
    Result<void> learn_series(std::set<Series> const& wanted);
    Result<void> learn_groups(std::set<std::string> const& wanted);

    Connection& connection_;
    std::uint64_t generation_ = 0;
    std::unordered_map<Series, std::int64_t> series_;
    std::unordered_map<std::string, std::int64_t> groups_;
};

}  // namespace mds::postgres
