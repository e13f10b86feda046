#pragma once

#include <mds/ports/provider.hpp>
#include <mds/ports/task.hpp>

#include <string>
#include <utility>
#include <vector>

namespace mds {

/// Whom to ask once, and for what.
struct TrialQuestion {
    std::string provider;                ///< name or alias; empty: nobody who is known, but `definition`
    std::string definition;              ///< the JSON text of a catalogue entry
    std::vector<std::pair<std::string, std::string>> keys;  ///< variable and value, for the secrets of `definition`
    std::vector<Symbol> symbols;
};

/// What is wrong with the question, and where: "values.price" is a place in the definition, "" the whole.
struct TrialProblem {
    std::string path;
    std::string message;
};

struct TrialAnswer {
    std::string report;                  ///< JSON, without any secret; empty where there are problems
    std::vector<TrialProblem> problems;
    FetchAnswer answer;
};

/// Asks a provider once and shows what came of it, step by step. Stores nothing. Fetch thread only.
class ProviderTrials {
public:
    virtual ~ProviderTrials() = default;
    /// not_found: no provider of that name; unavailable: too many at once.
    virtual Task<TrialAnswer> ask(TrialQuestion question) = 0;
};

}  // namespace mds
