#pragma once

#include <mds/domain/time.hpp>

#include <string>
#include <string_view>

namespace mds {

struct Health {
    bool ready = false;
    std::string reason;  ///< one line, shown by /readyz; nothing internal (no path, no SQL, no key)
};

/// A part of the process which a role switches on. Called from the main thread only, except interrupt() and health().
/// Life: start() -> interrupt() -> drain() -> destructor. Crash-only: a process killed at any point starts again without help.
class Module {
public:
    virtual ~Module() = default;
    virtual std::string_view name() const noexcept = 0;
    /// Returns once the module works. Throws std::exception where it cannot; the process then ends.
    virtual void start() = 0;
    /// Take no new work. Never blocks, may be called twice, from any thread.
    virtual void interrupt() noexcept = 0;
    /// Waits for the work under way. False: the deadline passed first and the rest was given up.
    virtual bool drain(SteadyTime deadline) noexcept = 0;
    virtual Health health() const = 0;
};

}  // namespace mds
