#pragma once
// Expected failures are values: Result<T> holds a T or an Error. Exceptions only end start-up.
// boost::system::result stands in for std::expected, which libstdc++ offers from C++23 on.

#include <boost/system/result.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace mds {

/// What went wrong, in the terms in which a caller decides. The HTTP module maps each onto one status.
enum class ErrorCode {
    invalid_argument,   ///< the request cannot be right, now or later (400, 422); a store: this batch holds a row that it refuses
    not_found,          ///< no such symbol, job or series (404)
    conflict,           ///< state or Idempotency-Key forbids it (409)
    fenced,             ///< somebody else owns the partition, lease or cursor now: drop the work, do not retry
    upstream_invalid,   ///< a provider answered nonsense (502)
    unavailable,        ///< a dependency is away, full or over its quota; the same call may succeed later (503)
    timeout,            ///< a dependency did not answer in time (504)
    internal,           ///< a fault of ours (500)
};

/// A failure as a value. `message` may be shown to clients: no SQL, no path, no key. `detail` is for the log alone.
struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;
    std::string detail;
    std::optional<std::chrono::seconds> retry_after;

    Error() = default;
    Error(ErrorCode c, std::string public_message, std::string log_detail = {})
        : code(c), message(std::move(public_message)), detail(std::move(log_detail)) {}
};

template <class T>
using Result = boost::system::result<T, Error>;

/// Found by argument-dependent look-up from Result<T>::value(); throws std::runtime_error with both texts.
[[noreturn]] void throw_exception_from_error(Error const& error, boost::source_location const& where);

}  // namespace mds
