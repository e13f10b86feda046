#pragma once

#include <mds/ports/store.hpp>

#include "app/config.hpp"
#include "support/log.hpp"
#include "support/metrics.hpp"

#include <functional>
#include <memory>

namespace mds::app {

using OpenStore = Store;

/// The store that the configuration chose. Throws StoreAway where it cannot be opened now, any other std::runtime_error where an
/// operator is needed. `give_up` is asked now and then; true ends the attempt.
std::unique_ptr<OpenStore> open_store(Config const& config, support::Log const& log, support::Metrics& metrics,
                                      std::function<bool()> give_up = {});

}  // namespace mds::app
