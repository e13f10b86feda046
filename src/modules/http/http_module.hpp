#pragma once

#include <mds/module.hpp>

#include "modules/http/dependencies.hpp"
#include "modules/http/options.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace mds::http {

/// The REST API: one server loop per thread that it is given, each with a listening socket of its own on the same port.
class HttpModule final : public Module {
public:
    HttpModule(Options options, Dependencies dependencies);
    ~HttpModule() override;

    std::string_view name() const noexcept override { return "http"; }
    /// Throws where the port cannot be had, also if another process listens there.
    void start() override;
    /// Serves what has arrived, each answer with "Connection: close", and takes no new connection.
    void interrupt() noexcept override;
    bool drain(SteadyTime deadline) noexcept override;
    Health health() const override;

    /// The port listened on, once started.
    std::uint16_t port() const noexcept;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mds::http
