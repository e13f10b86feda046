#include "support/forgetful_vfs.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <random>
#include <string_view>

namespace mds::test {

/// SQLite allocates it with room for the system's own file behind it.
struct ForgetfulFile {
    sqlite3_file base;
    ForgetfulDisk* disk;
    std::string* path;  ///< nullptr: a temporary file, not watched
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }

    static ForgetfulFile& of(sqlite3_file* file) { return *reinterpret_cast<ForgetfulFile*>(file); }
    static ForgetfulDisk& disk_of(sqlite3_vfs* vfs) { return *static_cast<ForgetfulDisk*>(vfs->pAppData); }
    static sqlite3_vfs* system() { return sqlite3_vfs_find(nullptr); }

    static int open(sqlite3_vfs* vfs, char const* name, sqlite3_file* file, int flags, int* out);
    static int remove(sqlite3_vfs* vfs, char const* name, int sync_directory);
    static int close(sqlite3_file* file);
    static int read(sqlite3_file* file, void* data, int size, sqlite3_int64 offset);
    static int write(sqlite3_file* file, void const* data, int size, sqlite3_int64 offset);
    static int truncate(sqlite3_file* file, sqlite3_int64 size);
    static int sync(sqlite3_file* file, int flags);
    static std::string old_bytes(sqlite3_file* real, std::int64_t offset, std::int64_t size, std::int64_t file_size);
    static sqlite3_io_methods const methods;
};

std::string ForgetfulFile::old_bytes(sqlite3_file* real, std::int64_t offset, std::int64_t size, std::int64_t file_size) {
    std::string bytes(static_cast<std::size_t>(std::max<std::int64_t>(0, std::min(size, file_size - offset))), '\0');
    if (!bytes.empty()) real->pMethods->xRead(real, bytes.data(), static_cast<int>(bytes.size()), offset);
    return bytes;
}

int ForgetfulFile::open(sqlite3_vfs* vfs, char const* name, sqlite3_file* file, int flags, int* out) {
    ForgetfulFile& self = of(file);
    self.base.pMethods = nullptr;
    if (disk_of(vfs).dead()) return SQLITE_IOERR;
    int const code = system()->xOpen(system(), name, self.real(), flags, out);
    if (code != SQLITE_OK) return code;
    self.disk = &disk_of(vfs);
    self.path = name == nullptr ? nullptr : new std::string(name);
    self.base.pMethods = &methods;
    return SQLITE_OK;
}

int ForgetfulFile::remove(sqlite3_vfs* vfs, char const* name, int sync_directory) {
    if (disk_of(vfs).dead()) return SQLITE_IOERR_DELETE;
    disk_of(vfs).removed(name);
    return system()->xDelete(system(), name, sync_directory);
}

int ForgetfulFile::close(sqlite3_file* file) {
    delete of(file).path;
    return of(file).real()->pMethods->xClose(of(file).real());
}

int ForgetfulFile::read(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
    if (of(file).disk->dead()) return SQLITE_IOERR_READ;
    return of(file).real()->pMethods->xRead(of(file).real(), data, size, offset);
}

int ForgetfulFile::write(sqlite3_file* file, void const* data, int size, sqlite3_int64 offset) {
    ForgetfulFile& self = of(file);
    sqlite3_file* const real = self.real();
    if (self.path == nullptr) return real->pMethods->xWrite(real, data, size, offset);
    DiskFault const fault = self.disk->next_call(false);
    if (fault == DiskFault::full) return SQLITE_FULL;
    if (fault == DiskFault::io_error || fault == DiskFault::power) return SQLITE_IOERR_WRITE;
    int const length = fault == DiskFault::short_write ? size / 2 : size;
    sqlite3_int64 file_size = 0;
    real->pMethods->xFileSize(real, &file_size);
    std::string const bytes(static_cast<char const*>(data), static_cast<std::size_t>(length));
    self.disk->wrote(*self.path, {offset, old_bytes(real, offset, length, file_size), bytes, file_size});
    int const code = length == 0 ? SQLITE_OK : real->pMethods->xWrite(real, data, length, offset);
    return fault == DiskFault::short_write ? SQLITE_FULL : code;
}

int ForgetfulFile::truncate(sqlite3_file* file, sqlite3_int64 size) {
    ForgetfulFile& self = of(file);
    sqlite3_file* const real = self.real();
    if (self.path == nullptr) return real->pMethods->xTruncate(real, size);
    if (self.disk->next_call(false) != DiskFault::none) return SQLITE_IOERR_TRUNCATE;
    sqlite3_int64 file_size = 0;
    real->pMethods->xFileSize(real, &file_size);
    self.disk->wrote(*self.path, {size, old_bytes(real, size, file_size - size, file_size), {}, file_size});
    return real->pMethods->xTruncate(real, size);
}

int ForgetfulFile::sync(sqlite3_file* file, int) {
    ForgetfulFile& self = of(file);
    if (self.path == nullptr) return SQLITE_OK;
    if (self.disk->next_call(true) != DiskFault::none) return SQLITE_IOERR_FSYNC;
    self.disk->synced(*self.path);  // this process outlives the "power cut": no need to wait for the real disk
    return SQLITE_OK;
}

sqlite3_io_methods const ForgetfulFile::methods = {
    2,
    close,
    read,
    write,
    truncate,
    sync,
    [](sqlite3_file* f, sqlite3_int64* size) { return of(f).real()->pMethods->xFileSize(of(f).real(), size); },
    [](sqlite3_file* f, int level) { return of(f).real()->pMethods->xLock(of(f).real(), level); },
    [](sqlite3_file* f, int level) { return of(f).real()->pMethods->xUnlock(of(f).real(), level); },
    [](sqlite3_file* f, int* held) { return of(f).real()->pMethods->xCheckReservedLock(of(f).real(), held); },
    [](sqlite3_file* f, int what, void* argument) { return of(f).real()->pMethods->xFileControl(of(f).real(), what, argument); },
    [](sqlite3_file* f) { return of(f).real()->pMethods->xSectorSize(of(f).real()); },
    [](sqlite3_file* f) { return of(f).real()->pMethods->xDeviceCharacteristics(of(f).real()); },
    [](sqlite3_file* f, int page, int size, int extend, void volatile** memory) {
        return of(f).real()->pMethods->xShmMap(of(f).real(), page, size, extend, memory);
    },
    [](sqlite3_file* f, int offset, int n, int flags) { return of(f).real()->pMethods->xShmLock(of(f).real(), offset, n, flags); },
    [](sqlite3_file* f) { of(f).real()->pMethods->xShmBarrier(of(f).real()); },
    [](sqlite3_file* f, int remove) { return of(f).real()->pMethods->xShmUnmap(of(f).real(), remove); },
    nullptr,
    nullptr,
};

ForgetfulDisk::ForgetfulDisk() {
    static std::atomic<int> number{0};
    name_ = "forgetful-" + std::to_string(++number);
    vfs_ = *ForgetfulFile::system();
    vfs_.pNext = nullptr;
    vfs_.zName = name_.c_str();
    vfs_.pAppData = this;
    vfs_.szOsFile = static_cast<int>(sizeof(ForgetfulFile)) + ForgetfulFile::system()->szOsFile;
    vfs_.xOpen = ForgetfulFile::open;
    vfs_.xDelete = ForgetfulFile::remove;
    sqlite3_vfs_register(&vfs_, 0);
}

ForgetfulDisk::~ForgetfulDisk() {
    sqlite3_vfs_unregister(&vfs_);
}

std::int64_t ForgetfulDisk::calls() {
    std::lock_guard const lock(mutex_);
    return calls_;
}

std::int64_t ForgetfulDisk::syncs() {
    std::lock_guard const lock(mutex_);
    return syncs_;
}

void ForgetfulDisk::fail_at(std::int64_t nth, DiskFault fault) {
    std::lock_guard const lock(mutex_);
    fail_from_ = calls_ + nth;
    fault_ = fault;
}

void ForgetfulDisk::heal() {
    std::lock_guard const lock(mutex_);
    fault_ = DiskFault::none;
}

DiskFault ForgetfulDisk::next_call(bool sync) {
    std::lock_guard const lock(mutex_);
    ++calls_;
    if (sync) ++syncs_;
    return calls_ >= fail_from_ ? fault_ : DiskFault::none;
}

bool ForgetfulDisk::dead() {
    std::lock_guard const lock(mutex_);
    return fault_ == DiskFault::power && calls_ >= fail_from_;
}

void ForgetfulDisk::wrote(std::string const& path, Change change) {
    std::lock_guard const lock(mutex_);
    unsynced_[path].push_back(std::move(change));
}

void ForgetfulDisk::synced(std::string const& path) {
    std::lock_guard const lock(mutex_);
    unsynced_[path].clear();
}

void ForgetfulDisk::removed(std::string const& path) {
    std::lock_guard const lock(mutex_);
    unsynced_.erase(path);
}

void ForgetfulDisk::power_on(Aftermath aftermath, std::uint64_t seed) {
    std::lock_guard const lock(mutex_);
    if (aftermath != Aftermath::kill)
        for (auto const& [path, changes] : unsynced_) restore(path, changes, aftermath, seed);
    unsynced_.clear();
    fault_ = DiskFault::none;
}

void ForgetfulDisk::restore(std::string const& path, std::vector<Change> const& changes, Aftermath aftermath, std::uint64_t seed) {
    if (!std::filesystem::exists(path)) return;
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    auto const put = [&](std::int64_t offset, std::string_view bytes) {
        file.seekp(offset);
        file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        file.flush();
    };
    for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
        put(change->offset, change->old_bytes);
        std::filesystem::resize_file(path, static_cast<std::uintmax_t>(change->old_size));
    }
    if (aftermath == Aftermath::unsynced) return;
    std::mt19937_64 random(seed);
    constexpr std::size_t sector = 512;
    for (Change const& change : changes) {
        if (change.new_bytes.empty()) {
            if (random() % 2 == 0) std::filesystem::resize_file(path, static_cast<std::uintmax_t>(change.offset));
            continue;
        }
        for (std::size_t at = 0; at < change.new_bytes.size(); at += sector)
            if (random() % 4 != 0)
                put(change.offset + static_cast<std::int64_t>(at), std::string_view(change.new_bytes).substr(at, sector));
    }
}

}  // namespace mds::test
