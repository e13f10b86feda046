#pragma once

#include <mds/domain/job.hpp>
#include <mds/domain/series_numbers.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mds {

/// Its targets are polled at every tick. Accepted jobs' as well: their schedule begins with them, whatever becomes of the first
/// poll.
inline bool is_scheduled(Job const& job) noexcept {
    return job.status == JobStatus::accepted || job.status == JobStatus::active;
}

/// Which targets there are, which jobs want them, and so how often each is polled. There may be a hundred thousand, so they are
/// numbered. Knows nothing of time passing.
class PollTargets {
public:
    using Providers = std::vector<std::string>;
    using Number = SeriesNumbers::Number;

    /// The place of a target: its provider list (one object per list) and the interval.
    struct Place {
        Providers const* providers = nullptr;
        std::chrono::seconds interval{0};
        friend auto operator<=>(Place const&, Place const&) = default;
    };
    /// A target that settle() found in another place than before.
    struct Move {
        Number target;
        std::optional<Place> from;  ///< none: new
        std::optional<Place> to;    ///< none: nobody wants it any more
        UtcTime since;              ///< ticks before are nobody's; only of meaning where `from` is none
    };

    /// Of the job's targets, in the order of its symbols. Whether they are polled is for link() to say.
    std::vector<Number> numbers_of(Job const& job);
    /// None: numbers_of() never met it.
    std::optional<Number> find(Job const& job, Symbol const& symbol) const;
    std::string_view symbol(Number target) const noexcept { return numbers_.symbol(target); }
    std::vector<Symbol> symbols(std::span<Number const> targets) const;

    /// The job wants its targets, which have these numbers, from now on.
    void link(Job const& job, std::span<Number const> targets);
    void unlink(Job const& job, std::span<Number const> targets);
    /// What link() and unlink() changed since the last call.
    std::vector<Move> settle();
    std::size_t size() const noexcept { return placed_; }

private:
    struct Use {
        std::string const* job = nullptr;  ///< in jobs_
        UtcTime since;
        std::uint32_t interval = 0;  ///< in seconds
    };
    struct Target {
        Use first;                 ///< almost always the only one; without a job: nobody wants it
        std::uint32_t placed = 0;  ///< the interval of its place; zero: has none
    };

    Providers const* list_of(Job const& job);
    bool remove(Number target, std::string const* job);

    std::set<Providers> lists_;
    std::map<std::string, std::size_t> jobs_;  ///< those that are linked, with the number of their targets
    SeriesNumbers numbers_;                    ///< of symbols at a provider list
    std::vector<Target> targets_;              ///< by number
    std::unordered_multimap<Number, Use> further_uses_;
    std::vector<std::pair<Number, Providers const*>> touched_;
    std::size_t placed_ = 0;
};

}  // namespace mds
