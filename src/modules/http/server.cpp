#include "modules/http/server.hpp"

#include <string>
#include <utility>

namespace mds::http {

Server::Server(Options const& options, RequestHandler const& handler, Parts parts)
    : options_(options), log_(std::move(parts.log)), peers_(options.limits.connections, options.limits.connections_per_peer) {
    auto names = handler.route_names();
    std::vector<std::shared_ptr<RequestCounts>> counts;
    for (support::IoThread* const thread : parts.threads) {
        counts.push_back(std::make_shared<RequestCounts>(names.size()));
        workers_.push_back(
            std::make_unique<Worker>(*thread, options, handler, peers_, parts.clock, parts.random.next(), log_, counts.back()));
    }
    collector_ = std::make_shared<RequestCollector>(std::move(names), std::move(counts));
    parts.metrics.collect_from(collector_);
}

Server::~Server() {
    if (stage_ != Stage::built && !joined_) drain(SteadyTime::min());
}

void Server::start() {
    Listener::require_free(options_.address, options_.port);
    port_ = options_.port;
    for (auto const& worker : workers_) port_ = worker->listen(port_);
    for (auto const& worker : workers_) {
        worker->start();
        worker->thread().start();
    }
    stage_ = Stage::serving;
    bool const v6 = options_.address.find(':') != std::string::npos;
    auto const url = "http://" + (v6 ? "[" + options_.address + "]" : options_.address) + ":" + std::to_string(port_);
    log_.info("http.listening", {{"url", url}, {"address", options_.address}, {"port", port_}, {"threads", workers_.size()}});
}

void Server::interrupt() noexcept {
    Stage expected = Stage::serving;
    if (!stage_.compare_exchange_strong(expected, Stage::draining)) return;
    for (auto const& worker : workers_) worker->interrupt();
}

bool Server::drain(SteadyTime deadline) noexcept {
    if (stage_ == Stage::built || joined_) return true;
    interrupt();
    bool clean = true;
    for (auto const& worker : workers_) {
        worker->thread().release();
        clean = worker->thread().join(deadline) && clean;
    }
    joined_ = true;
    return clean;
}

Health Server::health() const {
    Health health;
    health.ready = stage_ == Stage::serving;
    if (!health.ready) health.reason = stage_ == Stage::built ? "not started" : "shutting down";
    return health;
}

}  // namespace mds::http
