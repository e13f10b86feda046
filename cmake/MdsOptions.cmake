# One interface library carries the flags, so that they reach our code and nothing else.
add_library(mds_options INTERFACE)
target_compile_features(mds_options INTERFACE cxx_std_20)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

target_compile_options(mds_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor
  $<$<BOOL:${MDS_WERROR}>:-Werror>)
# g++ 12 takes Asio's recycled coroutine frames for a mismatch as soon as it inlines only one half of the pair.
target_compile_options(mds_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>)

if(MDS_SANITIZE)
  add_compile_options(-fsanitize=${MDS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${MDS_SANITIZE})
  # g++ 12 sees uninitialised members in results that are never read; Asio's fences are known to TSan only as such.
  target_compile_options(mds_options INTERFACE -Wno-maybe-uninitialized $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
endif()
if(MDS_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

# Asio and Beast are compiled once (src/support/asio.cpp), not in every file that uses them.
add_compile_definitions(BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()
