#include "services/relay_counts.hpp"

namespace mds {

Relay::Counts::Counts(support::Metrics& metrics)
    : published(metrics.counter("mds_relay_published_total", "Events that the bus acknowledged")),
      repeated(metrics.counter("mds_relay_repeated_total", "Events handed to the bus again, since the first time had no good end")),
      pruned(metrics.counter("mds_relay_pruned_total", "Events that were removed from the outbox before they were published")),
      claims(metrics.counter("mds_relay_claims_total", "Times that this process took the cursor")),
      delivery_failures(metrics.counter("mds_relay_delivery_failures_total", "Times that the bus gave a run of events up")),
      failures(metrics.counter("mds_relay_failures_total", "Calls to store or bus that failed and were tried again")),
      backlog(metrics.gauge("mds_relay_backlog", "Events in the outbox that are not known to be published")),
      under_way(metrics.gauge("mds_relay_under_way", "Events handed to the bus and not acknowledged")),
      cursor(metrics.gauge("mds_relay_cursor", "The first outbox position that is not known to be published")) {}

}  // namespace mds
