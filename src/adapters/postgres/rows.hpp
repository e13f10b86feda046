#pragma once

#include "adapters/postgres/wire.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct pg_result;

namespace mds::postgres {

struct ResultDelete {
    void operator()(pg_result* result) const noexcept;
};
using ResultHolder = std::unique_ptr<pg_result, ResultDelete>;

/// What one statement answered. next() before the first row; columns count from 0.
class Rows {
public:
    explicit Rows(ResultHolder result) noexcept;

    bool next() noexcept { return ++row_ < count_; }
    std::size_t size() const noexcept { return static_cast<std::size_t>(count_); }
    /// Rows that were inserted, changed or removed; of a SELECT those that were read.
    std::int64_t changes() const noexcept;
    /// Whether rows were inserted, changed or removed.
    bool wrote() const noexcept;

    bool is_null(int column) const noexcept;
    /// Alive as long as these Rows. NULL reads as empty.
    std::string_view bytes(int column) const noexcept;
    std::string text(int column) const { return std::string(bytes(column)); }
    std::int64_t integer(int column) const noexcept { return get_integer(bytes(column)); }
    bool boolean(int column) const noexcept { return integer(column) != 0; }
    UtcTime time(int column) const noexcept { return get_time(bytes(column)); }
    std::optional<UtcTime> optional_time(int column) const noexcept;
    Uuid uuid(int column) const noexcept { return get_uuid(bytes(column)); }
    std::vector<std::string> texts(int column) const { return get_texts(bytes(column)); }

private:
    ResultHolder result_;
    int count_ = 0;
    int row_ = -1;
};

}  // namespace mds::postgres
