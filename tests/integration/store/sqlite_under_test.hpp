#pragma once

#include "adapters/sqlite/store.hpp"
#include "support/log.hpp"
#include "support/metrics.hpp"

#include <sqlite3.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace mds::test {

/// A directory that goes with the test.
class ScratchDirectory {
public:
    ScratchDirectory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "mds-store-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no scratch directory");
        path_ = pattern;
    }
    ~ScratchDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    ScratchDirectory(ScratchDirectory const&) = delete;
    ScratchDirectory& operator=(ScratchDirectory const&) = delete;
    std::string const& path() const noexcept { return path_; }
    std::string database() const { return path_ + "/mds.db"; }

private:
    std::string path_;
};

/// A second view of the file, as an operator's shell has.
class Shell {
public:
    explicit Shell(std::string const& path) { sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE, nullptr); }
    ~Shell() { sqlite3_close_v2(db_); }
    Shell(Shell const&) = delete;
    Shell& operator=(Shell const&) = delete;

    /// The first column of the first row; all rows' columns joined by '|' and lines by '\n' in all().
    std::string one(std::string const& sql);
    std::string all(std::string const& sql);
    std::int64_t number(std::string const& sql) { return std::stoll("0" + one(sql)); }
    bool run(std::string const& sql) { return sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK; }

private:
    sqlite3* db_ = nullptr;
};

}  // namespace mds::test
