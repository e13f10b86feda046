#include "adapters/postgres/known_names.hpp"

#include "adapters/postgres/point_row.hpp"
#include "adapters/postgres/statements.hpp"

namespace mds::postgres {

Result<void> KnownNames::learn(std::set<Series> const& series, std::set<std::string> const& groups) {
    if (std::exchange(generation_, connection_.generation()) != connection_.generation()) {
        series_.clear();
        groups_.clear();
    }
    if (auto learned = learn_series(series); !learned) return learned;
    return learn_groups(groups);
}

Result<void> KnownNames::learn_series(std::set<Series> const& wanted) {
    Column symbols(Column::Type::text);
    Column providers(Column::Type::text);
    for (Series const& series : wanted) {
        if (series_.contains(series)) continue;
        symbols.add(std::string_view(series.symbol.str()));
        providers.add(std::string_view(series.provider));
    }
    if (symbols.empty()) return {};
    connection_.send(sql::names::make_series, symbols, providers);
    connection_.send(sql::names::find_series, symbols, providers);
    auto replies = connection_.run();
    if (!replies) return replies.error();
    if (replies->at(1).size() != symbols.size()) return damaged("a series that was made just now");
    for (Rows& rows = replies->at(1); rows.next();)
        if (auto symbol = Symbol::parse(rows.bytes(0), SymbolCase::preserve))
            series_.emplace(Series(*std::move(symbol), rows.text(1)), rows.integer(2));
    return {};
}

Result<void> KnownNames::learn_groups(std::set<std::string> const& wanted) {
    Column names(Column::Type::text);
    for (std::string const& name : wanted)
        if (!groups_.contains(name)) names.add(std::string_view(name));
    if (names.empty()) return {};
    connection_.send(sql::names::make_groups, names);
    connection_.send(sql::names::find_groups, names);
    auto replies = connection_.run();
    if (!replies) return replies.error();
    if (replies->at(1).size() != names.size()) return damaged("a fetch group that was made just now");
    for (Rows& rows = replies->at(1); rows.next();) groups_.emplace(rows.text(0), rows.integer(1));
    return {};
}

}  // namespace mds::postgres
