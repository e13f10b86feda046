#include "app/version.hpp"

#include "app/open_bus.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <spdlog/version.h>
#include <sqlite3.h>
#include <boost/version.hpp>

namespace mds::app {

std::string_view version() noexcept {
    return MDS_VERSION;
}

std::string version_report() {
    return fmt::format(
        "mds {}\n"
        "  Boost {}.{}.{}\n"
        "  SQLite {}\n"
        "  libcurl {}\n"
        "  {}\n"
        "  spdlog {}.{}.{}\n"
        "  fmt {}.{}.{}\n"
        "  {}\n",
        version(), BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100, sqlite3_libversion(),
        curl_version_info(CURLVERSION_NOW)->version, OpenSSL_version(OPENSSL_VERSION), SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR,
        SPDLOG_VER_PATCH, FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100, bus_library());
}

}  // namespace mds::app
