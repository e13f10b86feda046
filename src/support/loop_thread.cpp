#include "support/loop_thread.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <utility>

namespace mds::support {

LoopThread::LoopThread(std::string name, std::function<std::chrono::milliseconds()> step, int nice)
    : name_(std::move(name)), step_(std::move(step)), nice_(nice) {}

LoopThread::~LoopThread() {
    interrupt();
    if (thread_.joinable()) thread_.join();
}

void LoopThread::start() {
    {
        std::lock_guard const lock(mutex_);
        running_ = true;
    }
    thread_ = std::thread([this] {
        pthread_setname_np(pthread_self(), name_.c_str());
        // Of this thread alone: on Linux each has its own (setpriority(2), notes).
        auto const self = static_cast<id_t>(gettid());
        if (nice_ > getpriority(PRIO_PROCESS, self)) setpriority(PRIO_PROCESS, self, nice_);
        run();
    });
}

void LoopThread::run() {
    std::unique_lock lock(mutex_);
    while (!interrupted_) {
        lock.unlock();
        auto const wait = step_();
        lock.lock();
        if (wait.count() > 0) wake_.wait_for(lock, wait, [this] { return interrupted_; });
    }
    running_ = false;
    wake_.notify_all();
}

bool LoopThread::running() const noexcept {
    std::lock_guard const lock(mutex_);
    return running_;
}

void LoopThread::interrupt() noexcept {
    std::lock_guard const lock(mutex_);
    interrupted_ = true;
    wake_.notify_all();
}

bool LoopThread::drain(std::chrono::steady_clock::time_point deadline) noexcept {
    std::unique_lock lock(mutex_);
    return wake_.wait_until(lock, deadline, [this] { return !running_; });
}

}  // namespace mds::support
