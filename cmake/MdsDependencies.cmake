# Debian 12 and 13 packages only; scripts/test installs them.
find_package(Threads REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS json program_options)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(CURL REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(sqlite3 REQUIRED IMPORTED_TARGET sqlite3)
if(MDS_TESTS)
  # Version 2 on Debian 12, 3 on Debian 13: tests/support/catch.hpp includes the right one.
  find_package(Catch2 REQUIRED)
endif()
