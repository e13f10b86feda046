#pragma once
// An SQLite VFS over the system's own that remembers what was not synced, loses it when told, and fails when told.

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace mds::test {

/// What is left on the disk after the lights went out.
enum class Aftermath {
    kill,      ///< the process died, the system did not: everything written is there
    unsynced,  ///< nothing that was not synced is there
    random,    ///< some of it is, in any order, torn at sectors
};

enum class DiskFault { none, full, io_error, short_write, power };

/// Any thread. Outlives every connection opened through it.
class ForgetfulDisk {
public:
    ForgetfulDisk();
    ~ForgetfulDisk();
    ForgetfulDisk(ForgetfulDisk const&) = delete;
    ForgetfulDisk& operator=(ForgetfulDisk const&) = delete;

    std::string const& name() const noexcept { return name_; }
    /// Writes, truncations and syncs so far.
    std::int64_t calls();
    std::int64_t syncs();
    /// `fault` on the `nth` of those calls from now on (1: the next), and on those after it. `power`: no call does anything any
    /// more.
    void fail_at(std::int64_t nth, DiskFault fault);
    void heal();
    /// Once every connection is closed: leaves on the disk what the aftermath says, and works again.
    void power_on(Aftermath aftermath, std::uint64_t seed);

private:
    friend struct ForgetfulFile;

    struct Change {
        std::int64_t offset;
        std::string old_bytes;
        std::string new_bytes;  ///< empty: a truncation to `offset`
        std::int64_t old_size;
    };

    /// Counts the call. What is to go wrong with it.
    DiskFault next_call(bool sync);
    bool dead();
    void wrote(std::string const& path, Change change);
    void synced(std::string const& path);
    void removed(std::string const& path);
    static void restore(std::string const& path, std::vector<Change> const& changes, Aftermath aftermath, std::uint64_t seed);

    std::string name_;
    sqlite3_vfs vfs_{};
    std::mutex mutex_;
    std::int64_t calls_ = 0;
    std::int64_t syncs_ = 0;
    std::int64_t fail_from_ = 0;
    DiskFault fault_ = DiskFault::none;
    std::map<std::string, std::vector<Change>> unsynced_;
};

}  // namespace mds::test
