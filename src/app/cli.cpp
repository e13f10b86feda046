#include "app/cli.hpp"

#include "app/catalogue.hpp"
#include "app/config_schema.hpp"
#include "app/copy_store.hpp"
#include "app/file_content.hpp"
#include "app/invocation.hpp"
#include "app/open_bus.hpp"
#include "app/provider_command.hpp"
#include "app/version.hpp"
#include "app/wiring.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <optional>
#include <ostream>

namespace mds::app {
namespace {

std::optional<std::string> config_path(Invocation const& invocation, Environment const& environment) {
    if (invocation.config_path) return invocation.config_path;
    auto const found = environment.find("MDS_CONFIG");
    return found == environment.end() || found->second.empty() ? std::nullopt : std::optional(found->second);
}

LoadedConfig load(Invocation const& invocation, Environment const& environment) {
    ConfigSources sources;
    sources.environment = environment;
    sources.flags = invocation.flags;
    std::optional<ConfigError> unreadable;
    if (auto const path = config_path(invocation, environment)) {
        auto text = content_of(*path);
        if (text)
            sources.file = ConfigSources::File{*path, std::move(*text)};
        else
            unreadable = ConfigError{"", "cannot be read", *path};
    }
    auto loaded = load_config(sources);
    if (unreadable) loaded.errors.insert(loaded.errors.begin(), *unreadable);
    return loaded;
}

ExitCode report(std::vector<ConfigError> const& errors, std::ostream& err) {
    err << fmt::format("mds: the configuration has {} error{}:\n", errors.size(), errors.size() == 1 ? "" : "s");
    for (auto const& error : errors) err << "  " << to_string(error) << "\n";
    return ExitCode::usage;
}

support::Log log_of(LogConfig const& config, bool terminal) {
    bool const text = config.format == LogStyle::text || (config.format == LogStyle::automatic && terminal);
    return support::Log(config.level, text ? support::LogFormat::text : support::LogFormat::json);
}

void print_reference(std::ostream& out) {
    out << "| Key | Type | Default | Meaning |\n| --- | --- | --- | --- |\n";
    for (auto const& key : config_reference()) out << to_table_row(key) << "\n";
}

ExitCode with_config(Invocation const& invocation, ProcessContext const& process) {
    auto loaded = load(invocation, process.environment);
    auto providers = load_catalogue(loaded, process.environment);
    auto errors = loaded.errors;
    std::ranges::move(providers.errors, std::back_inserter(errors));
    std::ranges::move(check_bus(loaded), std::back_inserter(errors));
    if (!errors.empty()) return report(errors, process.err);
    auto const path = config_path(invocation, process.environment).value_or("built-in defaults");
    if (invocation.command == Command::check_config) {
        if (invocation.print)
            process.out << print_config(loaded);
        else
            process.out << "OK: " << path << "\n";
        return ExitCode::ok;
    }
    if (invocation.command == Command::provider_check || invocation.command == Command::provider_test) {
        return ask_provider(invocation, loaded.config, std::move(providers.catalogue), process);
    }
    auto const log = log_of(loaded.config.log, process.terminal);
    if (invocation.command == Command::migrate) return migrate(loaded.config, invocation.new_epoch, log);
    if (invocation.command == Command::replay) return replay_dead_letters(loaded.config, invocation.error_class, log);
    if (invocation.command == Command::copy) return copy_store(loaded.config, {invocation.copy_from, invocation.copy_to}, log);
    auto const signal = process.signals();
    return serve(std::move(loaded.config), providers.catalogue, path, *signal, log);
}

ExitCode dispatch(Invocation const& invocation, ProcessContext const& process) {
    switch (invocation.command) {
        case Command::help: process.out << help_text(); return ExitCode::ok;
        case Command::version: process.out << version_report(); return ExitCode::ok;
        case Command::config_reference: print_reference(process.out); return ExitCode::ok;
        case Command::serve:
        case Command::check_config:
        case Command::copy:
        case Command::replay:
        case Command::provider_check:
        case Command::provider_test:
        case Command::migrate: return with_config(invocation, process);
    }
    return ExitCode::failure;
}

}  // namespace

ExitCode run_program(std::vector<std::string> const& arguments, ProcessContext const& process) {
    auto const invocation = parse_invocation(arguments);
    if (!invocation) {
        process.err << "mds: " << invocation.error() << "\nTry: mds --help\n";
        return ExitCode::usage;
    }
    try {
        return dispatch(*invocation, process);
    } catch (std::exception const& error) {
        process.err << "mds: " << error.what() << "\n";
        return ExitCode::failure;
    }
}

}  // namespace mds::app
