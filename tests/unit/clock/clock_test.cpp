#include "adapters/clock/steady_timer.hpp"
#include "adapters/clock/system_clock.hpp"
#include "adapters/clock/system_random.hpp"

#include "support/catch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <optional>
#include <set>
#include <thread>
#include <vector>

namespace net = boost::asio;

namespace {

mds::Awaitable<void> sleep_into(mds::Timer& timer, mds::SteadyTime when, std::optional<bool>& came) {
    came = co_await timer.sleep_until(when);
}

}  // namespace

TEST_CASE("the clock's two times go forward, UTC in whole microseconds") {
    mds::clock::SystemClock clock;
    auto const before = clock.steady_now();
    auto const now = clock.now();
    CHECK(clock.steady_now() >= before);
    CHECK(now > mds::UtcTime(std::chrono::sys_days(std::chrono::year(2024) / 1 / 1)));
}

TEST_CASE("a sleep whose time has come says so") {
    mds::clock::SteadyTimer timer;
    net::io_context context;
    std::optional<bool> came;
    net::co_spawn(context, sleep_into(timer, std::chrono::steady_clock::now(), came), net::detached);
    context.run();
    CHECK(came == true);
}

TEST_CASE("cancel_all wakes every sleeper of this thread and ends later sleeps at once") {
    mds::clock::SteadyTimer timer;
    net::io_context context;
    auto const never = mds::SteadyTime::max();
    std::optional<bool> first, second, later;
    net::co_spawn(context, sleep_into(timer, never, first), net::detached);
    net::co_spawn(context, sleep_into(timer, never, second), net::detached);
    net::post(context, [&] { timer.cancel_all(); });
    context.run();
    CHECK(first == false);
    CHECK(second == false);

    net::co_spawn(context, sleep_into(timer, never, later), net::detached);
    context.restart();
    context.run();
    CHECK(later == false);
}

TEST_CASE("cancel_all leaves other threads' sleepers asleep") {
    mds::clock::SteadyTimer timer;
    net::io_context context;
    std::optional<bool> came;
    net::co_spawn(context, sleep_into(timer, mds::SteadyTime::max(), came), net::detached);
    context.poll();
    std::thread([&] { timer.cancel_all(); }).join();
    context.poll();
    CHECK_FALSE(came.has_value());
}

TEST_CASE("a sleeper may outlive the timer object and die with its io_context") {
    std::optional<bool> came;
    {
        net::io_context context;
        {
            mds::clock::SteadyTimer timer;
            net::co_spawn(context, sleep_into(timer, mds::SteadyTime::max(), came), net::detached);
            context.poll();
        }
    }
    CHECK_FALSE(came.has_value());
}

TEST_CASE("random numbers of several threads do not repeat each other") {
    mds::clock::SystemRandom random;
    std::vector<std::vector<std::uint64_t>> drawn(4);
    std::vector<std::thread> threads;
    for (auto& mine : drawn) {
        threads.emplace_back([&random, &mine] {
            for (int i = 0; i < 1000; ++i) mine.push_back(random.next());
        });
    }
    for (auto& thread : threads) thread.join();
    std::set<std::uint64_t> seen;
    for (auto const& mine : drawn) seen.insert(mine.begin(), mine.end());
    CHECK(seen.size() == 4000);
}
