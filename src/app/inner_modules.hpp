#pragma once
// Services with a thread of their own, as modules: they start before those that use them, and end after.

#include <mds/module.hpp>

#include "adapters/providers/directory.hpp"
#include "services/ingest.hpp"
#include "services/observation_sink.hpp"
#include "support/io_thread.hpp"

namespace mds::app {

/// The ingest writer. It takes observations until its drain begins, since whoever hands them over may still finish until then. Only a
/// store that is away is not waited for from the interrupt on: it would cost those the whole grace.
class IngestModule final : public Module {
public:
    explicit IngestModule(Ingest& ingest) : ingest_(ingest) {}
    std::string_view name() const noexcept override { return "ingest"; }
    void start() override { ingest_.start(); }
    void interrupt() noexcept override { ingest_.stop_waiting(); }
    bool drain(SteadyTime deadline) noexcept override {
        ingest_.interrupt();
        return ingest_.drain(deadline);
    }
    Health health() const override {
        if (!ingest_.healthy()) return {false, "the store takes no commits"};
        return {ingest_.accepting(), ingest_.accepting() ? "" : "the queue is full"};
    }

private:
    Ingest& ingest_;
};

/// The thread on which providers are asked, for polls and for reads. Ends as the ingest writer does: once nobody asks any more.
class FetchModule final : public Module {
public:
    FetchModule(support::IoThread& thread, providers::Directory& directory) : thread_(thread), directory_(directory) {}
    std::string_view name() const noexcept override { return "fetch"; }
    void start() override {}  ///< the thread runs already: the jobs of the configuration are made on it
    void interrupt() noexcept override {}
    bool drain(SteadyTime deadline) noexcept override {
        directory_.interrupt();
        thread_.release();
        return thread_.join(deadline);
    }
    Health health() const override { return {true, ""}; }

private:
    support::IoThread& thread_;
    providers::Directory& directory_;
};

/// Ingest, as the poller sees it.
class IngestSink final : public ObservationSink {
public:
    explicit IngestSink(Ingest& ingest) : ingest_(ingest) {}
    Task<std::vector<PricePoint>> submit(Observation observation) override { return ingest_.submit(std::move(observation)); }
    bool accepting() const noexcept override { return ingest_.accepting(); }

private:
    Ingest& ingest_;
};

}  // namespace mds::app
