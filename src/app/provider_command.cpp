#include "app/provider_command.hpp"

#include "app/file_content.hpp"
#include "app/module_options.hpp"

#include "adapters/clock/steady_timer.hpp"
#include "adapters/clock/system_clock.hpp"
#include "adapters/clock/system_random.hpp"
#include "adapters/providers/trials.hpp"
#include "codec/nearest_name.hpp"
#include "codec/provider_judge.hpp"
#include "codec/provider_report.hpp"

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <ostream>

namespace mds::app {
namespace {

using codec::ProviderEntry;

/// Offline nothing is stored, so a quote needs no identifier.
std::variant<Quote, Reject> shown(codec::Verdict const& verdict) {
    if (auto const* reject = std::get_if<Reject>(&verdict)) return *reject;
    auto const& judged = std::get<codec::JudgedQuote>(verdict);
    Quote quote(Uuid(), judged.price, judged.timestamp, judged.time_source);
    quote.volume = judged.volume;
    return quote;
}

class Questioner {
public:
    Questioner(ProviderQuestion const& question, Config const& config, ProcessContext const& process)
        : question_(question), config_(config), process_(process) {}

    ExitCode check(codec::Catalogue const& catalogue) {
        auto const* entry = find(catalogue);
        if (entry == nullptr || !read_symbols()) return ExitCode::usage;
        auto const body = content_of(question_.file);
        if (!body) return refuse(fmt::format("{} cannot be read", question_.file));
        auto const received = clock_.now();
        auto const judgement = codec::judge(*entry, symbols_, {question_.status, question_.content_type, *body, false}, received);
        for (std::size_t i = 0; i < symbols_.size(); ++i) {
            std::string line;
            codec::append_verdict(line, question_.symbols[i], shown(judgement.verdicts[i]));
            process_.out << line << "\n";
        }
        return ExitCode::ok;
    }

    ExitCode test(codec::Catalogue catalogue) {
        auto const* entry = find(catalogue);
        if (entry == nullptr || !read_symbols()) return ExitCode::usage;
        if (auto const variable = entry->missing_secret(); !variable.empty())
            return refuse(fmt::format("{} needs {}", entry->name, variable));
        process_.out << ask(std::move(catalogue)) << "\n";
        return ExitCode::ok;
    }

private:
    ExitCode refuse(std::string const& why) {
        process_.err << "mds: " << why << "\n";
        return ExitCode::usage;
    }

    ProviderEntry const* find(codec::Catalogue const& catalogue) {
        std::vector<std::string> known;
        for (auto const& entry : catalogue.providers) {
            if (entry.name == question_.provider || std::ranges::count(entry.aliases, question_.provider) > 0) return &entry;
            known.push_back(entry.name);
        }
        auto const near = codec::nearest_name(question_.provider, known);
        refuse(near.empty()
                   ? fmt::format("\"{}\" is not in the catalogue; known are {}", question_.provider, fmt::join(known, ", "))
                   : fmt::format("\"{}\" is not in the catalogue; did you mean {}?", question_.provider, near));
        return nullptr;
    }

    bool read_symbols() {
        for (auto const& name : question_.symbols) {
            auto symbol = Symbol::parse(name, config_.symbols.fold);
            if (!symbol) {
                refuse(fmt::format("\"{}\" is no symbol", name));
                return false;
            }
            symbols_.push_back(std::move(*symbol));
        }
        return true;
    }

    /// The report of asking once. The address is the operator's own: it may be private.
    std::string ask(codec::Catalogue catalogue) {
        net::io_context loop(1);
        support::Metrics metrics;
        clock::SystemRandom random;
        clock::SteadyTimer timer;
        providers::DirectoryContext const context{loop.get_executor(), clock_, timer, random, metrics};
        providers::Directory directory(std::move(catalogue), {}, fetch_options(config_), context);
        auto options = trial_options(config_);
        options.private_addresses = true;
        providers::Trials trials(directory, context, options);
        TrialQuestion question;
        question.provider = question_.provider;
        question.symbols = symbols_;
        auto report = net::co_spawn(loop, trials.ask(std::move(question)), net::use_future);
        loop.run();
        return report.get().value().report;
    }

    ProviderQuestion const& question_;
    Config const& config_;
    ProcessContext const& process_;
    clock::SystemClock clock_;
    std::vector<Symbol> symbols_;
};

}  // namespace

ExitCode ask_provider(Invocation const& invocation, Config const& config, codec::Catalogue catalogue,
                      ProcessContext const& process) {
    Questioner command(invocation.question, config, process);
    if (invocation.command == Command::provider_check) return command.check(catalogue);
    return command.test(std::move(catalogue));
}

}  // namespace mds::app
