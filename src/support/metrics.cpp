#include "support/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace mds::support {

// Add() of an existing name must give the same family, or two modules that count the same thing could not be built one by one.
Metrics::Metrics() : registry_(prometheus::Registry::InsertBehavior::Merge) {}

prometheus::Counter& Metrics::counter(std::string const& name, std::string const& help, Labels const& labels) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry_).Add(labels);
}

prometheus::Gauge& Metrics::gauge(std::string const& name, std::string const& help, Labels const& labels) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add(labels);
}

prometheus::Histogram& Metrics::histogram(std::string const& name, std::string const& help, std::vector<double> const& bounds,
                                          Labels const& labels) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry_).Add(labels, bounds);
}

void Metrics::collect_from(std::weak_ptr<prometheus::Collectable> source) {
    std::lock_guard const lock(mutex_);
    sources_.push_back(std::move(source));
}

std::string Metrics::render() const {
    auto families = registry_.Collect();
    {
        std::lock_guard const lock(mutex_);
        for (auto const& weak : sources_) {
            if (auto const source = weak.lock()) std::ranges::move(source->Collect(), std::back_inserter(families));
        }
    }
    return prometheus::TextSerializer().Serialize(families);
}

std::vector<double> latency_bounds() {
    return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
}

}  // namespace mds::support
