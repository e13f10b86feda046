#pragma once
// What PollFetcher keeps of a task. Included by its own sources alone.

#include "services/poll_fetcher.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>

namespace mds {

/// One task under way.
struct PollFetcher::Run {
    struct Verdict {
        bool answered = false;  ///< at least one price, or a symbol that has none for now
        bool failed = false;
        std::set<Symbol> suspects;  ///< of a batch that one of them spoilt
    };
    PollTask task;
    FetchSteps steps;
    std::map<std::string, Verdict> verdicts;

    Run(PollTask t, FetchSteps s) : task(std::move(t)), steps(std::move(s)) {}
};

}  // namespace mds
