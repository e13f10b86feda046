#include "app/open_store.hpp"

#include "app/module_options.hpp"

#include "adapters/postgres/store.hpp"
#include "adapters/sqlite/store.hpp"

#include <utility>

namespace mds::app {

std::unique_ptr<OpenStore> open_store(Config const& config, support::Log const& log, support::Metrics& metrics,
                                      std::function<bool()> give_up) {
    if (config.store.kind == StoreKind::sqlite) return std::make_unique<sqlite::Store>(sqlite_options(config), log, metrics);
    auto options = postgres_options(config);
    options.give_up = std::move(give_up);
    return std::make_unique<postgres::Store>(options, log, metrics);
}

}  // namespace mds::app
