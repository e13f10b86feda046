#pragma once
// What each part is told of the configuration, in its own terms.

#include "app/config.hpp"

#include "adapters/postgres/store.hpp"
#include "adapters/providers/trials.hpp"
#include "adapters/redis/options.hpp"
#include "adapters/sqlite/store.hpp"
#include "modules/http/options.hpp"
#include "services/averaging.hpp"
#include "services/cache_follower.hpp"
#include "services/ingest.hpp"
#include "services/latest_price.hpp"
#include "services/poll_driver.hpp"
#include "services/retention.hpp"

#include <cstdint>

namespace mds::app {

sqlite::StoreOptions sqlite_options(Config const& config);
postgres::StoreOptions postgres_options(Config const& config);
/// Precondition: `cache.redis.url` is given.
redis::Options redis_options(Config const& config, std::int64_t store_epoch);
IngestOptions ingest_options(Config const& config);
LatestPriceOptions latest_price_options(Config const& config);
PollDriverOptions poll_driver_options(Config const& config);
AveragingOptions averaging_options(Config const& config, std::int64_t store_epoch);
CacheFollowerOptions cache_follower_options(Config const& config, std::int64_t store_epoch);
RetentionOptions retention_options(Config const& config);
/// `open_files`: how many this process may have.
http::Options http_options(Config const& config, std::size_t open_files);
/// Threads that serve requests: as configured, or one per processor.
std::size_t http_threads(Config const& config);
providers::SimulatedOptions simulated_options(Config const& config);
providers::HttpOptions fetch_options(Config const& config);
providers::TrialOptions trial_options(Config const& config);

}  // namespace mds::app
