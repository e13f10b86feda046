#include "modules/http/http_module.hpp"

#include "modules/http/api.hpp"
#include "modules/http/server.hpp"

#include <utility>

namespace mds::http {

class HttpModule::Impl {
public:
    Impl(Options o, Dependencies d)
        : options(std::move(o)), deps(std::move(d)), api(options, deps), server(options, api, Server::Parts{deps.threads, deps.clock, deps.random, deps.log, deps.metrics}) {}

    Options const options;
    Dependencies const deps;
    Api const api;
    Server server;
};

HttpModule::HttpModule(Options options, Dependencies dependencies)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(dependencies))) {}
HttpModule::~HttpModule() = default;

void HttpModule::start() { impl_->server.start(); }
void HttpModule::interrupt() noexcept { impl_->server.interrupt(); }
bool HttpModule::drain(SteadyTime deadline) noexcept { return impl_->server.drain(deadline); }
Health HttpModule::health() const { return impl_->server.health(); }
std::uint16_t HttpModule::port() const noexcept { return impl_->server.port(); }

}  // namespace mds::http
