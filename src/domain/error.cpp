#include <mds/domain/error.hpp>

#include <stdexcept>

namespace mds {

void throw_exception_from_error(Error const& error, boost::source_location const&) {
    throw std::runtime_error(error.detail.empty() ? error.message : error.message + ": " + error.detail);
}

}  // namespace mds
