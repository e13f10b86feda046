#pragma once

#include <mds/ports/table_copy.hpp>

#include "adapters/postgres/connection.hpp"

#include <map>
#include <string>

namespace mds::postgres {

/// Fills an empty store by COPY, all in one transaction that keeps every other writer out.
class TableWriter final : public TableTarget {
public:
    /// Brings the schema up to date first. Throws where the store holds anything already.
    TableWriter(ConnectionOptions options, support::Log log, support::Metrics& metrics);
    std::vector<TableShape> tables() override;
    void write(TableShape const& table, std::span<CellRow const> rows) override;
    std::int64_t count(std::string const& table) override;
    void commit() override;

private:
    enum class Kind { number, boolean, text, decimal, bytes, id, time, list };
    struct Column {
        Kind kind = Kind::text;
        bool required = false;
    };

    void read_shape();
    void require_empty();
    Rows ask(std::string const& name, std::string const& text);
    void append(std::string& line, Cell const& cell, Column const& column) const;
    static Kind kind_of(std::string const& type);

    Condition condition_;
    Connection connection_;
    TransactionScope transaction_;
    std::map<std::string, Sql> statements_;
    std::vector<TableShape> tables_;
    std::map<std::pair<std::string, std::string>, Column> columns_;
    std::vector<std::pair<std::string, std::string>> counted_;  ///< columns whose values the server gives
    std::string text_;                                          ///< of the COPY under way
};

}  // namespace mds::postgres
