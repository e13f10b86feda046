#pragma once

#include <mds/domain/job.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mds {

/// Its targets are polled at every tick. Accepted jobs' as well: their schedule begins with them, whatever becomes of the first
/// poll.
inline bool is_scheduled(Job const& job) noexcept {
    return job.status == JobStatus::accepted || job.status == JobStatus::active;
}

/// Which targets there are, which jobs want them, and so how often each is polled. Knows nothing of time passing.
class PollTargets {
public:
    using Providers = std::vector<std::string>;

    /// The place of a target: its provider list (one object per list) and the interval.
    struct Place {
        Providers const* providers = nullptr;
        std::chrono::seconds interval{0};
        friend auto operator<=>(Place const&, Place const&) = default;
    };
    /// A target that settle() found in another place than before.
    struct Move {
        Symbol symbol;
        std::optional<Place> from;  ///< none: new
        std::optional<Place> to;    ///< none: nobody wants it any more
        UtcTime since;              ///< ticks before are nobody's; only of meaning where `from` is none
    };

    /// The job wants its targets from now on.
    void link(Job const& job);
    void unlink(Job const& job);
    /// What link() and unlink() changed since the last call.
    std::vector<Move> settle();
    std::size_t size() const noexcept { return targets_.size(); }

private:
    struct Use {
        std::string const* job = nullptr;  ///< in jobs_
        std::chrono::seconds interval{0};
        UtcTime since;
    };
    /// There may be a hundred thousand.
    struct Target {
        std::vector<Use> uses;             ///< almost always one
        std::chrono::seconds interval{0};  ///< of its place; zero: has none yet
        bool touched = false;
    };
    using Key = std::pair<Providers const*, Symbol>;
    struct KeyHash {
        std::size_t operator()(Key const& key) const noexcept {
            return std::hash<Symbol>{}(key.second) * 31 + std::hash<Providers const*>{}(key.first);
        }
    };

    Target& touch(Key key);
    Providers const* list_of(Job const& job);

    std::set<Providers> lists_;
    std::map<std::string, std::size_t> jobs_;  ///< those that are linked, with the number of their targets
    std::unordered_map<Key, Target, KeyHash> targets_;
    std::vector<Key> touched_;
};

}  // namespace mds
