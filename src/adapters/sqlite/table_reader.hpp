#pragma once

#include <mds/ports/table_copy.hpp>

#include "adapters/sqlite/condition.hpp"
#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/directory_lock.hpp"

#include <string>

namespace mds::sqlite {

/// The tables of a data directory that no process uses: brought up to this program's schema, and otherwise left as they are.
class TableReader final : public TableSource {
public:
    /// Throws where there is no store in the directory, or another process has it.
    TableReader(std::string const& directory, support::Log log, support::Metrics& metrics);
    std::vector<TableShape> tables() override;
    void read(TableShape const& table, std::function<void(std::span<CellRow const>)> const& take) override;

private:
    DirectoryLock lock_;
    Condition condition_;
    Connection connection_;
};

}  // namespace mds::sqlite
