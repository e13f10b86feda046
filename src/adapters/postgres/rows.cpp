#include "adapters/postgres/rows.hpp"

#include <libpq-fe.h>

#include <cstdlib>
#include <string_view>

namespace mds::postgres {

void ResultDelete::operator()(pg_result* result) const noexcept {
    PQclear(result);
}

Rows::Rows(ResultHolder result) noexcept : result_(std::move(result)), count_(PQntuples(result_.get())) {}

std::int64_t Rows::changes() const noexcept {
    return std::atoll(PQcmdTuples(result_.get()));
}

bool Rows::wrote() const noexcept {
    std::string_view const tag(PQcmdStatus(result_.get()));
    return !tag.starts_with("SELECT") && changes() > 0;
}

bool Rows::is_null(int column) const noexcept {
    return PQgetisnull(result_.get(), row_, column) == 1;
}

std::string_view Rows::bytes(int column) const noexcept {
    return {PQgetvalue(result_.get(), row_, column), static_cast<std::size_t>(PQgetlength(result_.get(), row_, column))};
}

std::optional<UtcTime> Rows::optional_time(int column) const noexcept {
    if (is_null(column)) return std::nullopt;
    return time(column);
}

}  // namespace mds::postgres
