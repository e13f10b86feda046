#include "support/io_thread.hpp"

#include "support/time_slice.hpp"

#include <pthread.h>

#include <utility>

namespace mds::support {
namespace {

constexpr std::chrono::microseconds slice{100};  // the shortest that Linux grants

}  // namespace

IoThread::IoThread(std::string name) : name_(std::move(name)), work_(context_.get_executor()), end_(ended_.get_future()) {}

IoThread::~IoThread() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
}

void IoThread::start() {
    thread_ = std::thread([this] {
        pthread_setname_np(pthread_self(), name_.c_str());
        ask_for_short_slices(slice);
        context_.run();
        ended_.set_value();
    });
}

void IoThread::release() noexcept {
    work_.reset();
}

bool IoThread::join(std::chrono::steady_clock::time_point deadline) noexcept {
    if (!thread_.joinable()) return true;
    bool const clean = end_.wait_until(deadline) == std::future_status::ready;
    if (!clean) context_.stop();
    thread_.join();
    return clean;
}

}  // namespace mds::support
