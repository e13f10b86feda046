#include "app/lifecycle.hpp"
#include "support/catch.hpp"

#include <csignal>
#include <functional>
#include <stdexcept>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

using namespace mds;
using namespace mds::app;
using namespace std::chrono_literals;

namespace {

using Journal = std::vector<std::string>;

struct FakeModule final : Module {
    FakeModule(std::string its_name, Journal& its_journal) : label(std::move(its_name)), journal(its_journal) {}
    std::string_view name() const noexcept override { return label; }
    void start() override {
        journal.push_back("start " + label);
        if (fails) throw std::runtime_error("no");
        if (on_start) on_start();
    }
    void interrupt() noexcept override { journal.push_back("interrupt " + label); }
    bool drain(SteadyTime deadline) noexcept override {
        journal.push_back("drain " + label);
        given = deadline;
        return drains;
    }
    Health health() const override { return {true, ""}; }

    std::string label;
    Journal& journal;
    bool fails = false;
    bool drains = true;
    std::function<void()> on_start;
    SteadyTime given;
};

struct FakeSignal final : StopSignal {
    explicit FakeSignal(Journal& its_journal) : journal(its_journal) {}
    bool raised() override { return is_raised; }
    void wait() override { journal.push_back("signal"); }
    bool wait_for(std::chrono::milliseconds) override { return is_raised; }
    void end_at_next() noexcept override { journal.push_back("armed"); }
    Journal& journal;
    bool is_raised = false;
};

struct Process {
    Process() {
        for (auto const* name : {"a", "b", "c"}) {
            auto module = std::make_unique<FakeModule>(name, journal);
            fakes.push_back(module.get());
            modules.push_back(std::move(module));
        }
    }
    ExitCode run() {
        return app::run(modules, signal, 5s, support::Log::silent(), [this] { journal.push_back("started"); });
    }

    Journal journal;
    FakeSignal signal{journal};
    std::vector<FakeModule*> fakes;
    std::vector<std::unique_ptr<Module>> modules;
};

}  // namespace

TEST_CASE("modules start in order, are all interrupted, and drain from the last to the first") {
    Process process;
    CHECK(process.run() == ExitCode::ok);
    CHECK(process.journal == Journal{"start a", "start b", "start c", "started", "signal", "armed", "interrupt a", "interrupt b",
                                     "interrupt c", "drain c", "drain b", "drain a"});
}

TEST_CASE("all modules share one drain deadline") {
    Process process;
    auto const before = std::chrono::steady_clock::now();
    process.run();
    CHECK(process.fakes[0]->given == process.fakes[2]->given);
    CHECK(process.fakes[0]->given >= before + 5s);
}

TEST_CASE("a module that gives up at the deadline does not keep the others from draining") {
    Process process;
    process.fakes[1]->drains = false;
    CHECK(process.run() == ExitCode::drain_deadline);
    CHECK(process.journal.back() == "drain a");
}

TEST_CASE("a module that cannot start stops those before it, and no other is started") {
    Process process;
    process.fakes[1]->fails = true;
    CHECK(process.run() == ExitCode::failure);
    CHECK(process.journal == Journal{"start a", "start b", "armed", "interrupt a", "drain a"});
}

TEST_CASE("a signal during the start ends it before the next module") {
    Process process;
    process.fakes[0]->on_start = [&] { process.signal.is_raised = true; };
    CHECK(process.run() == ExitCode::ok);
    CHECK(process.journal == Journal{"start a", "armed", "interrupt a", "drain a"});
}

namespace {

/// Runs `body` in a child process and returns its wait status, so that signals reach nobody else.
int status_of(std::function<int()> const& body) {
    auto const child = fork();
    if (child == 0) _exit(body());
    int status = 0;
    waitpid(child, &status, 0);
    return status;
}

}  // namespace

TEST_CASE("SIGTERM and SIGINT end the wait") {
    for (int const number : {SIGTERM, SIGINT}) {
        auto const status = status_of([number] {
            ProcessSignals signals;
            if (signals.raised()) return 10;
            raise(number);
            signals.wait();
            return signals.raised() ? 0 : 11;
        });
        REQUIRE(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 0);
    }
}

TEST_CASE("a second signal ends the process at once with 130") {
    auto const status = status_of([] {
        ProcessSignals signals;
        raise(SIGTERM);
        signals.wait();
        signals.end_at_next();
        raise(SIGINT);
        return 0;
    });
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 130);
}

TEST_CASE("SIGPIPE is ignored") {
    auto const status = status_of([] {
        ProcessSignals signals;
        raise(SIGPIPE);
        return 0;
    });
    CHECK(WIFEXITED(status));
}
