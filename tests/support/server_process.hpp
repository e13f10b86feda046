#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

struct passwd;

namespace mds::test {

/// On the loopback interface; free at this moment.
int free_port();

/// A new folder among the temporary ones, the caller's to remove; its name begins with `prefix`.
std::string scratch_directory(std::string const& prefix);

/// Starts a program whose words go to the end of the file `log`; as `user`, where there is one. The kernel sends it `death` where
/// the test dies.
::pid_t spawn(std::vector<std::string> arguments, std::string const& log, int death, passwd const* user = nullptr);

}  // namespace mds::test
