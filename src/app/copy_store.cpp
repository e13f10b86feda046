#include "app/copy_store.hpp"

#include "app/module_options.hpp"

#include "adapters/postgres/table_writer.hpp"
#include "adapters/sqlite/table_reader.hpp"
#include "support/metrics.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <stdexcept>

namespace mds::app {
namespace {

std::optional<std::string> behind(std::string const& prefix, std::string const& text) {
    if (!text.starts_with(prefix)) return std::nullopt;
    return text.substr(prefix.size());
}

std::unique_ptr<TableSource> open_source(std::string const& from, support::Log const& log, support::Metrics& metrics) {
    auto const directory = behind("sqlite:", from);
    if (!directory || directory->empty()) throw std::invalid_argument("--from wants sqlite:DIR");
    return std::make_unique<sqlite::TableReader>(*directory, log, metrics);
}

std::string url_of(Config const& config, std::string const& to) {
    if (to == "postgres" || to == "postgresql") return config.store.url;
    for (auto const* const scheme : {"postgresql://", "postgres://"})
        if (to.starts_with(scheme)) return to;
    for (auto const* const prefix : {"postgres:", "postgresql:"})
        if (auto const url = behind(prefix, to)) return *url;
    throw std::invalid_argument("--to wants postgres:URL, or postgres for the URL of store.url");
}

std::unique_ptr<TableTarget> open_target(Config const& config, std::string const& to, support::Log const& log,
                                         support::Metrics& metrics) {
    postgres::ConnectionOptions options;
    options.url = url_of(config, to);
    if (options.url.empty()) throw std::invalid_argument("--to postgres wants store.url in the configuration");
    options.connect_timeout = config.store.connect_timeout;
    options.statement_timeout = std::chrono::milliseconds(0);
    options.answer_timeout = std::chrono::hours(24);
    return std::make_unique<postgres::TableWriter>(std::move(options), log, metrics);
}

/// What of the table has no place over there; empty: nothing.
std::string without_place(TableShape const& table, std::vector<TableShape> const& theirs) {
    auto const other = std::ranges::find(theirs, table.name, &TableShape::name);
    if (other == theirs.end()) return "table " + table.name;
    for (std::string const& column : table.columns)
        if (std::ranges::count(other->columns, column) == 0) return "column " + column + " in " + table.name;
    return "";
}

void copy_all(TableSource& source, TableTarget& target, support::Log const& log) {
    auto const theirs = target.tables();
    std::vector<std::pair<std::string, std::int64_t>> copied;
    for (TableShape const& table : source.tables()) {
        auto const homeless = without_place(table, theirs);
        std::int64_t rows = 0;
        source.read(table, [&](std::span<CellRow const> some) {
            if (!homeless.empty()) throw std::runtime_error("the store to copy to has no " + homeless);
            target.write(table, some);
            rows += static_cast<std::int64_t>(some.size());
        });
        if (homeless.empty()) copied.emplace_back(table.name, rows);
    }
    for (auto const& [table, rows] : copied) {
        if (auto const there = target.count(table); there != rows)
            throw std::runtime_error(table + " has " + std::to_string(there) + " rows there, and " + std::to_string(rows) +
                                     " here");
        log.info("store.copied_table", {{"table", table}, {"rows", rows}});
    }
    target.commit();
}

}  // namespace

ExitCode copy_store(Config const& config, CopyOrder const& order, support::Log const& log) {
    support::Metrics metrics;
    try {
        auto const source = open_source(order.from, log, metrics);
        auto const target = open_target(config, order.to, log, metrics);
        copy_all(*source, *target, log);
    } catch (std::invalid_argument const& error) {
        log.error("store.copy_refused", {{"error", error.what()}});
        return ExitCode::usage;
    } catch (std::exception const& error) {
        log.error("store.copy_failed", {{"error", error.what()}});
        return ExitCode::store;
    }
    log.info("store.copied", {});
    return ExitCode::ok;
}

}  // namespace mds::app
