#include "adapters/sqlite/directory_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace mds::sqlite {

DirectoryLock::DirectoryLock(std::string const& directory) {
    std::error_code failure;
    std::filesystem::create_directories(directory, failure);
    if (failure) throw std::runtime_error("cannot make the data directory " + directory + ": " + failure.message());
    std::string const path = directory + "/mds.lock";
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file_ < 0) throw std::runtime_error("cannot write to the data directory " + directory + ": " + std::strerror(errno));
    if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return;
    int const reason = errno;
    ::close(file_);
    if (reason != EWOULDBLOCK) throw std::runtime_error("cannot lock " + path + ": " + std::strerror(reason));
    throw std::runtime_error("the data directory " + directory + " is in use by another mds process");
}

DirectoryLock::~DirectoryLock() {
    ::close(file_);
}

}  // namespace mds::sqlite
