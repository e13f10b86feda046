#pragma once

#include <mds/domain/observation.hpp>
#include <mds/domain/time.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <span>
#include <vector>

namespace mds::providers {

/// Symbols that the plan of the key does not include: they are left out of requests for a while, which doubles with each refusal, and
/// the others go on. Forgotten with the process, so that a new plan is tried at once. One thread.
class WithheldSymbols {
public:
    static constexpr std::chrono::seconds first_pause{5};
    static constexpr std::chrono::seconds longest_pause{300};
    static constexpr std::size_t most = 10'000;  ///< remembered; whoever else is refused is asked again

    bool has(Symbol const& symbol, SteadyTime now) const;
    /// What came of a request that was sent.
    void note(std::span<SymbolResult const> results, SteadyTime now);
    /// At most `limit`, ascending.
    std::vector<Symbol> list(SteadyTime now, std::size_t limit) const;

private:
    struct Stop {
        std::chrono::seconds pause{0};
        SteadyTime until{};
    };
    std::map<Symbol, Stop> stops_;
};

}  // namespace mds::providers
