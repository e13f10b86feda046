#pragma once
// What a role has as a whole or not at all.

#include "app/config.hpp"
#include "app/inner_modules.hpp"
#include "app/module_options.hpp"
#include "app/open_store.hpp"

#include "adapters/embedded_bus/outbox_source.hpp"
#include "adapters/providers/trials.hpp"
#include "codec/provider_catalogue.hpp"
#include "services/ingest.hpp"
#include "services/provider_holds.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace mds::app {

/// What asks providers, and stores what they say: of the poller and, for reads that find nothing fresh, of http.
struct Intake {
    Intake(Config const& config, codec::Catalogue catalogue, providers::DirectoryContext const& context, IngestStore& store,
           Clock& clock, std::vector<CommitListener*> listeners, support::Log const& log)
        : directory(std::move(catalogue), {simulated_options(config)}, fetch_options(config), context),
          trials(directory, context, trial_options(config)),
          ingest(store, clock, context.random, std::move(listeners), log, context.metrics, ingest_options(config)) {}

    providers::Directory directory;
    providers::Trials trials;
    ProviderHolds holds;
    Ingest ingest;
    IngestSink sink{ingest};
};

/// The outbox as the consumer of the same process reads it.
struct EmbeddedBus {
    explicit EmbeddedBus(OpenStore& store) : log(store.open_outbox()) {}

    std::unique_ptr<OutboxLog> log;
    embedded_bus::OutboxSource source{*log};
};

}  // namespace mds::app
