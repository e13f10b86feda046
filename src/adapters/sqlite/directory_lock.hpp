#pragma once

#include <string>

namespace mds::sqlite {

/// Keeps a second process out of a data directory. The kernel lets go of it when the process ends, however it ends.
class DirectoryLock {
public:
    /// Makes the directory where it is missing. Throws std::runtime_error with a text for people.
    explicit DirectoryLock(std::string const& directory);
    ~DirectoryLock();
    DirectoryLock(DirectoryLock const&) = delete;
    DirectoryLock& operator=(DirectoryLock const&) = delete;

private:
    int file_ = -1;
};

}  // namespace mds::sqlite
