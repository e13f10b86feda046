#pragma once
// The process's metrics, on prometheus-cpp. Take references at construction; bumping one is an atomic operation. The hot read does
// not use these: it counts in plain per-thread cells which a collector sums up when somebody scrapes.

#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mds::support {

using Labels = std::map<std::string, std::string>;

/// Any thread. References stay valid as long as the Metrics. The same name and labels give the same metric.
class Metrics {
public:
    Metrics();
    prometheus::Counter& counter(std::string const& name, std::string const& help, Labels const& labels = {});
    prometheus::Gauge& gauge(std::string const& name, std::string const& help, Labels const& labels = {});
    /// `bounds`: upper bounds of the buckets, ascending.
    prometheus::Histogram& histogram(std::string const& name, std::string const& help, std::vector<double> const& bounds,
                                     Labels const& labels = {});
    /// Adds a source that is asked at every scrape, for as long as it lives.
    void collect_from(std::weak_ptr<prometheus::Collectable> source);
    /// Prometheus text format 0.0.4.
    std::string render() const;

private:
    prometheus::Registry registry_;
    mutable std::mutex mutex_;
    std::vector<std::weak_ptr<prometheus::Collectable>> sources_;
};

/// Seconds: 100 us to 30 s.
std::vector<double> latency_bounds();

}  // namespace mds::support
