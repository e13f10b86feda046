#include "modules/http/request_counts.hpp"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace mds::http {

void RequestCounts::answered(std::size_t route, int status, std::chrono::nanoseconds each, std::uint64_t times) noexcept {
    Route& counts = routes_[route < routes_.size() ? route : 0];
    auto const slot = std::ranges::find(counted_statuses, status);
    std::size_t const last = counted_statuses.size() - 1;
    counts.by_status[slot == counted_statuses.end() ? last : static_cast<std::size_t>(slot - counted_statuses.begin())].add(times);
    double const seconds = std::chrono::duration<double>(each).count();
    auto const bucket = std::ranges::lower_bound(duration_bounds, seconds) - duration_bounds.begin();
    counts.by_duration[static_cast<std::size_t>(bucket)].add(times);
    counts.nanoseconds.add(static_cast<std::uint64_t>(std::max<std::int64_t>(each.count(), 0)) * times);
}

std::uint64_t RequestCollector::sum(RequestCounts::Cell RequestCounts::*cell) const {
    std::uint64_t total = 0;
    for (auto const& thread : threads_) total += ((*thread).*cell).get();
    return total;
}

prometheus::MetricFamily RequestCollector::requests() const {
    prometheus::MetricFamily family{"mds_http_requests_total", "Requests answered, by route and status", prometheus::MetricType::Counter, {}};
    for (std::size_t route = 0; route < route_names_.size(); ++route) {
        for (std::size_t status = 0; status < counted_statuses.size(); ++status) {
            std::uint64_t total = 0;
            for (auto const& thread : threads_) total += thread->routes()[route].by_status[status].get();
            if (total == 0) continue;
            prometheus::ClientMetric metric;
            metric.label = {{"route", route_names_[route]},
                            {"status", counted_statuses[status] == 0 ? "other" : std::to_string(counted_statuses[status])}};
            metric.counter.value = static_cast<double>(total);
            family.metric.push_back(std::move(metric));
        }
    }
    return family;
}

prometheus::MetricFamily RequestCollector::durations() const {
    prometheus::MetricFamily family{"mds_http_request_duration_seconds",
                                    "Time from the arrival of a request to its answer being handed to the kernel, by route",
                                    prometheus::MetricType::Histogram,
                                    {}};
    for (std::size_t route = 0; route < route_names_.size(); ++route) {
        prometheus::ClientMetric metric;
        metric.label = {{"route", route_names_[route]}};
        std::uint64_t seen = 0;
        double nanoseconds = 0;
        for (std::size_t bucket = 0; bucket <= duration_bounds.size(); ++bucket) {
            for (auto const& thread : threads_) seen += thread->routes()[route].by_duration[bucket].get();
            double const bound = bucket < duration_bounds.size() ? duration_bounds[bucket] : std::numeric_limits<double>::infinity();
            prometheus::ClientMetric::Bucket entry;
            entry.cumulative_count = seen;
            entry.upper_bound = bound;
            metric.histogram.bucket.push_back(entry);
        }
        for (auto const& thread : threads_) nanoseconds += static_cast<double>(thread->routes()[route].nanoseconds.get());
        if (seen == 0) continue;
        metric.histogram.sample_count = seen;
        metric.histogram.sample_sum = nanoseconds / 1e9;
        family.metric.push_back(std::move(metric));
    }
    return family;
}

std::vector<prometheus::MetricFamily> RequestCollector::Collect() const {
    auto const single = [](char const* name, char const* help, prometheus::MetricType type, double value) {
        prometheus::ClientMetric metric;
        (type == prometheus::MetricType::Gauge ? metric.gauge.value : metric.counter.value) = value;
        return prometheus::MetricFamily{name, help, type, {metric}};
    };
    auto const counter = [&](char const* name, char const* help, RequestCounts::Cell RequestCounts::*cell) {
        return single(name, help, prometheus::MetricType::Counter, static_cast<double>(sum(cell)));
    };
    auto const opened = sum(&RequestCounts::connections_opened);
    auto const closed = sum(&RequestCounts::connections_closed);
    std::vector<prometheus::MetricFamily> families;
    families.push_back(requests());
    families.push_back(durations());
    families.push_back(counter("mds_http_connections_total", "Connections accepted", &RequestCounts::connections_opened));
    families.push_back(single("mds_http_connections", "Connections open now", prometheus::MetricType::Gauge,
                              opened > closed ? static_cast<double>(opened - closed) : 0.0));
    families.push_back(counter("mds_http_connections_refused_total", "Connections answered 503 at once: over a cap, or no file descriptor left",
                               &RequestCounts::connections_refused));
    families.push_back(counter("mds_http_accept_pauses_total", "Times that accepting paused for want of file descriptors",
                               &RequestCounts::accept_pauses));
    families.push_back(counter("mds_http_deadlines_passed_total", "Connections cut because header, body, answer or write was not done in time",
                               &RequestCounts::deadlines_passed));
    return families;
}

}  // namespace mds::http
