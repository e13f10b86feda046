#include "app/exit_deadline.hpp"

#include <cstdlib>
#include <utility>

namespace mds::app {

ExitDeadline::ExitDeadline(support::Log log) : log_(std::move(log)) {}

ExitDeadline::~ExitDeadline() {
    {
        std::lock_guard const lock(mutex_);
        over_ = true;
    }
    done_.notify_one();
    if (thread_.joinable()) thread_.join();
}

ExitCode ExitDeadline::arm(ExitCode code, std::chrono::milliseconds patience) {
    thread_ = std::thread([this, code, patience] { wait(code, patience); });
    return code;
}

void ExitDeadline::wait(ExitCode code, std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    if (done_.wait_for(lock, patience, [this] { return over_; })) return;
    log_.warning("mds.exit_forced", {{"patience_ms", patience.count()}});
    std::_Exit(static_cast<int>(code));
}

}  // namespace mds::app
