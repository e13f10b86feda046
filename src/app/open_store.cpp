#include "app/open_store.hpp"

#include "app/module_options.hpp"

#include "adapters/postgres/conninfo.hpp"
#include "adapters/postgres/store.hpp"
#include "adapters/sqlite/store.hpp"

#include <utility>

namespace mds::app {
namespace {

template <class Store>
class Opened final : public OpenStore {
public:
    template <class Options>
    Opened(Options const& options, support::Log const& log, support::Metrics& metrics, std::string name)
        : store_(options, log, metrics), name_(std::move(name)) {}

    IngestStore& ingest() noexcept override { return store_.ingest(); }
    PriceReads& prices() noexcept override { return store_.prices(); }
    AverageReads& averages() noexcept override { return store_.averages(); }
    LatestPrices& latest_prices() noexcept override { return store_.latest_prices(); }
    JobStore& jobs() noexcept override { return store_.jobs(); }
    JobReads& job_reads() noexcept override { return store_.job_reads(); }
    PollPlanStore& poll_plan() noexcept override { return store_.poll_plan(); }
    Leases* leases() noexcept override {
        if constexpr (requires { store_.leases(); }) return &store_.leases();
        return nullptr;
    }
    AveragingStore& averaging() noexcept override { return store_.averaging(); }
    SeriesHistory& series_history() noexcept override { return store_.series_history(); }
    RelayCursor& relay_cursor() noexcept override { return store_.relay_cursor(); }
    OutboxPruner& outbox_pruner() noexcept override { return store_.outbox_pruner(); }
    RawRetention& raw_retention() noexcept override { return store_.raw_retention(); }
    StoreMonitor& monitor() noexcept override { return store_.monitor(); }
    std::unique_ptr<OutboxLog> open_outbox() override { return store_.open_outbox(); }
    int schema_version() const noexcept override { return store_.schema_version(); }
    std::int64_t store_epoch() const override { return store_.store_epoch(); }
    std::int64_t raise_epoch() override { return store_.raise_epoch(); }
    std::string name() const override { return name_; }

private:
    Store store_;
    std::string name_;
};

}  // namespace

std::unique_ptr<OpenStore> open_store(Config const& config, support::Log const& log, support::Metrics& metrics) {
    if (config.store.kind == StoreKind::sqlite)
        return std::make_unique<Opened<sqlite::Store>>(sqlite_options(config), log, metrics, "sqlite:" + config.data.dir);
    auto name = "postgresql:" + postgres::without_secrets(config.store.url);
    return std::make_unique<Opened<postgres::Store>>(postgres_options(config), log, metrics, std::move(name));
}

}  // namespace mds::app
