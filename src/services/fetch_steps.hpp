#pragma once

#include <mds/domain/symbol.hpp>
#include <mds/ports/clock.hpp>
#include <mds/ports/provider.hpp>

#include "services/retry_policy.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <optional>
#include <string>
#include <vector>

namespace mds {

struct FetchStepOptions {
    int max_attempts = 3;
    BackOffPolicy back_off{std::chrono::milliseconds(200), std::chrono::milliseconds(5000)};
};

/// A provider that a tick may turn to.
struct FetchSource {
    std::string name;
    std::size_t batch_max = 1;
    std::function<std::string(Symbol const&)> batch_key;  ///< what the symbols of one request have in common; none: nothing

    FetchSource(std::string n, std::size_t max, std::function<std::string(Symbol const&)> key = nullptr)
        : name(std::move(n)), batch_max(max), batch_key(std::move(key)) {}
};

/// One request to be made.
struct FetchStep {
    std::size_t source = 0;
    std::vector<Symbol> symbols;
    int attempt = 1;              ///< the how-many-th pass through the sources
    SteadyTime not_before{};
};

/// Which requests one tick takes: a pure function of the answers. The first source is asked for everything; what it has no price for goes
/// to the next one; what failed everywhere, and might not fail again, is tried anew after a pause, up to three passes. A batch that one
/// symbol spoilt is halved until that symbol stands alone.
class FetchSteps {
public:
    FetchSteps(std::vector<FetchSource> sources, std::vector<Symbol> symbols, FetchStepOptions options = {});

    /// Symbols that are to be asked for each by itself, because they spoilt a batch before.
    void isolate(std::function<bool(Symbol const&)> const& spoils);

    /// Symbols that had no turn in the tick before: theirs comes first.
    void prefer(std::set<Symbol> const& symbols);

    /// What the answer to `step` settles and what it leaves to do.
    void answered(FetchStep const& step, FetchAnswer const& answer, SteadyTime now);

    struct Limits {
        SteadyTime now;
        SteadyTime give_up;                                    ///< no request begins later
        std::function<bool(std::string const& name)> usable;   ///< false: a Retry-After forbids it
        RetryBudget& budget;
        Random& random;
    };
    /// The next request; nullopt: the tick is at its end.
    std::optional<FetchStep> next(Limits const& limits);

    std::vector<FetchSource> const& sources() const noexcept { return sources_; }
    /// Symbols without a price so far, with the last refusal.
    std::map<Symbol, Reject> const& open() const noexcept { return open_; }
    /// Symbols without any answer so far: where the tick ends before their turn, it is up to the caller to say so.
    std::set<Symbol> const& unasked() const noexcept { return unasked_; }
    /// Symbols that another request was planned for.
    std::set<Symbol> planned() const;

private:
    void enqueue(std::size_t source, std::vector<Symbol> const& symbols);
    bool next_source(Limits const& limits);
    bool next_attempt(Limits const& limits);

    FetchStepOptions options_;
    std::vector<FetchSource> sources_;
    std::deque<FetchStep> queue_;
    std::size_t source_ = 0;
    int attempt_ = 1;
    std::map<Symbol, Reject> open_;                  ///< refused by the sources asked in this pass
    std::set<Symbol> unasked_;
    std::vector<bool> retriable_;                    ///< sources that may do better in another pass
    std::vector<bool> skipped_;                      ///< sources that this pass leaves out
    SteadyTime retry_after_{};
};

}  // namespace mds
