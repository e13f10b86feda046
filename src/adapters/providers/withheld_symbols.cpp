#include <adapters/providers/withheld_symbols.hpp>

#include <algorithm>

namespace mds::providers {

bool WithheldSymbols::has(Symbol const& symbol, SteadyTime now) const {
    auto const found = stops_.find(symbol);
    return found != stops_.end() && now < found->second.until;
}

void WithheldSymbols::note(std::span<SymbolResult const> results, SteadyTime now) {
    for (auto const& result : results) {
        auto const found = stops_.find(result.symbol);
        if (result.reject() == nullptr || result.reject()->outcome != Outcome::entitlement) {
            // A failure of the request says nothing about the plan.
            if (result.quote() != nullptr && found != stops_.end()) stops_.erase(found);
            continue;
        }
        if (found == stops_.end() && stops_.size() >= most) continue;
        auto& stop = found == stops_.end() ? stops_[result.symbol] : found->second;
        if (now < stop.until) continue;  // of a request that was under way when the first refusal came
        stop.pause = stop.pause.count() == 0 ? first_pause : std::min(longest_pause, stop.pause * 2);
        stop.until = now + stop.pause;
    }
}

std::vector<Symbol> WithheldSymbols::list(SteadyTime now, std::size_t limit) const {
    std::vector<Symbol> symbols;
    for (auto const& [symbol, stop] : stops_) {
        if (symbols.size() < limit && now < stop.until) symbols.push_back(symbol);
    }
    return symbols;
}

}  // namespace mds::providers
