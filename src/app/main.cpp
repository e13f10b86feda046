#include "app/cli.hpp"

#include <malloc.h>
#include <unistd.h>

#include <iostream>
#include <string>
#include <string_view>

namespace {

mds::app::Environment environment_of_process() {
    mds::app::Environment environment;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        std::string_view const text(*entry);
        auto const equals = text.find('=');
        if (equals != text.npos) environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return environment;
}

/// Buffers of this size are those of a batch or of a plan: they go back to the system when they are freed. Left to itself glibc
/// raises the limit with the first of them, and keeps megabytes between two batches.
constexpr int large_allocation = 128 * 1024;

}  // namespace

int main(int argc, char** argv) {
    mallopt(M_MMAP_THRESHOLD, large_allocation);
    mds::app::ProcessContext const process{
        .environment = environment_of_process(),
        .out = std::cout,
        .err = std::cerr,
        .terminal = isatty(STDERR_FILENO) == 1,
        .signals = [] { return std::make_unique<mds::app::ProcessSignals>(); },
    };
    return static_cast<int>(mds::app::run_program({argv + 1, argv + argc}, process));
}
