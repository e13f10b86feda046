#include "support/catch.hpp"
#include "support/quota_book.hpp"

#include <random>

using namespace mds;
using namespace mds::test;
using namespace std::chrono_literals;

namespace {

UtcTime const start{1'700'000'000s};
std::vector<QuotaWindow> const five_a_second{{5, 1s, false}, {300, 60s, false}};

}  // namespace

TEST_CASE("quota: no window ever holds more than its limit, and nearly all of it is used") {
    QuotaBook book;
    std::vector<Spent> sent;
    UtcTime now = start;
    while (now < start + 130s) {
        auto const reply = book.take(five_a_second, now, 10s);
        REQUIRE(reply.taken);
        now = reply.turn.from;
        sent.push_back({now});
        std::erase_if(book.entries, [&](auto const& entry) { return entry.until < now - 70s; });
    }
    CHECK(most_within(sent, 1s) == 5);
    CHECK(most_within(sent, 60s) <= 300);
    CHECK(sent.size() >= 95 * 5 * 130 / 100);
}

TEST_CASE("quota: who asks first has the first turn, and one that would wait too long gets none but hears when") {
    QuotaBook book;
    std::vector<QuotaWindow> const two{{2, 1s, false}};
    CHECK(book.take(two, start, 1s).turn.from == start);
    CHECK(book.take(two, start, 1s).turn.from == start);
    auto const refused = book.take(two, start, 1s);
    CHECK_FALSE(refused.taken);
    CHECK(refused.turn.from == start + 1025ms);
    CHECK(book.take(two, start, 2s).turn.from == start + 1025ms);
    CHECK(book.take(two, start, 2s).turn.from == start + 1025ms);
    CHECK_FALSE(book.take(two, start, 2s).taken);
    CHECK(book.take(two, start + 5s).turn.from == start + 5s);
}

TEST_CASE("quota: a fifth is kept for reads, which do not wait behind polls that wait") {
    QuotaBook book;
    std::vector<QuotaWindow> const windows{{5, 1s, false}};
    QuotaOrder polls;
    polls.windows = windows;
    polls.wishes.assign(8, {1, QuotaUse::polls, 5s});
    auto const turns = book.settle(polls, start);
    CHECK(std::ranges::count(turns, start, [](auto const& reply) { return reply.turn.from; }) == 4);
    CHECK(turns[7].turn.from == start + 1025ms);
    CHECK(book.take(windows, start + 1ms).taken);
    CHECK_FALSE(book.take(windows, start + 1ms).taken);
    CHECK_FALSE(book.take(windows, start + 500ms, 0s, QuotaUse::polls).taken);

    QuotaBook idle;
    for (int i = 0; i < 5; ++i) CHECK(idle.take(windows, start).taken);  // reads may take everything
    CHECK_FALSE(idle.take(windows, start).taken);
}

TEST_CASE("quota: a limit too small for a fifth is the polls' as well") {
    QuotaBook book;
    CHECK(book.take({{1, 1s, false}}, start, 0s, QuotaUse::polls).taken);
    CHECK(QuotaWindow{4, 1s, false}.share(QuotaUse::polls) == 4);
    CHECK(QuotaWindow{25, 86400s, false}.share(QuotaUse::polls) == 20);
}

TEST_CASE("quota: a request may cost as much as it has symbols") {
    QuotaBook book;
    std::vector<QuotaWindow> const windows{{8, 60s, true}};
    CHECK(book.take(windows, start, 0s, QuotaUse::reads, 5).taken);
    CHECK(book.left == std::vector<std::size_t>{3});
    CHECK(book.take(windows, start, 0s, QuotaUse::reads, 3).taken);
    CHECK_FALSE(book.take(windows, start, 60s, QuotaUse::reads, 1).taken);
    CHECK(book.take(windows, start + 62s, 0s, QuotaUse::reads, 8).taken);
}

TEST_CASE("quota: a turn that was given back is somebody else's") {
    QuotaBook book;
    QuotaOrder order;
    order.windows = {{1, 1s, false}, {10, 60s, false}};
    order.wishes.push_back({1, QuotaUse::polls, 0s});
    auto const first = book.settle(order, start).front();
    CHECK_FALSE(book.settle(order, start + 10ms).front().taken);
    order.unused.push_back(first.turn);
    CHECK(book.settle(order, start + 20ms).front().taken);
    order.unused.clear();
    CHECK_FALSE(book.settle(order, start + 30ms).front().taken);
    CHECK(book.entries.size() == 2);
}

TEST_CASE("quota: a large limit takes few entries, and is never passed") {
    QuotaBook book;
    std::vector<QuotaWindow> const windows{{2'000, 3600s, false}};
    std::vector<Spent> sent;
    UtcTime now = start;
    for (int i = 0; i < 4'500; ++i) {
        auto const reply = book.take(windows, now, 1min);
        if (!reply.taken) {
            now = reply.turn.from;
            continue;
        }
        sent.push_back({std::max(now, reply.turn.from)});
        now += 500ms;
        std::erase_if(book.entries, [&](auto const& entry) { return entry.until < now - 3780s; });
        CHECK(book.entries.size() <= 1060);
    }
    CHECK(most_within(sent, 3600s) <= 2'000);
    CHECK(most_within(sent, 3600s) > 1'980);
}

TEST_CASE("quota: a ledger's clock that is set back holds nobody up for longer than the window") {
    QuotaBook book;
    std::vector<QuotaWindow> const windows{{1, 60s, false}};
    CHECK(book.take(windows, start).taken);
    UtcTime const back = start - 1h;
    auto const refused = book.take(windows, back);
    CHECK_FALSE(refused.taken);
    CHECK(refused.turn.from <= back + 61s);
    CHECK(book.take(windows, back + 61s).taken);
}

TEST_CASE("quota: whoever crashes, is late, or gives back, and whatever was asked for: no window is passed") {
    struct Booked {
        QuotaTurn turn;
        UtcTime sent;
    };
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        std::mt19937_64 random(seed);
        auto const below = [&](std::uint64_t n) { return random() % n; };
        std::vector<QuotaWindow> windows;
        for (auto n = 1 + below(3); n > 0; --n) {
            auto const per = std::chrono::seconds(1 + below(20) * below(4));
            windows.push_back({5 + below(20), per, below(3) == 0});
        }
        QuotaBook book;
        std::vector<Booked> booked;
        UtcTime now = start;
        for (int round = 0; round < 120; ++round) {
            now += std::chrono::microseconds(below(400'000));
            QuotaOrder order;
            order.windows = windows;
            order.patience = std::chrono::microseconds(below(200'000));
            for (auto n = below(4); n > 0; --n) {
                auto const use = below(2) == 0 ? QuotaUse::polls : QuotaUse::reads;
                order.wishes.push_back({1 + below(4), use, std::chrono::milliseconds(below(5000))});
            }
            // Some turns to come are given back; the others are sent at any time within theirs, or, after a crash, never.
            if (!booked.empty() && below(4) == 0 && booked.back().sent > now) {
                order.unused.push_back(booked.back().turn);
                booked.pop_back();
            }
            for (auto const& reply : book.settle(order, now)) {
                if (!reply.taken) continue;
                auto const within = std::chrono::microseconds(below(order.patience.count() + 1));
                if (below(5) > 0) booked.push_back({reply.turn, std::max(reply.turn.from, now) + within});
            }
        }
        for (auto const& window : windows) {
            std::vector<Spent> all, polls;
            for (auto const& one : booked) {
                Spent const spent{one.sent, window.cost(one.turn.symbols)};
                all.push_back(spent);
                if (one.turn.use == QuotaUse::polls) polls.push_back(spent);
            }
            INFO("seed " << seed << ", " << window.limit << " in " << window.per.count() << " s");
            CHECK(most_within(all, window.per) <= window.limit);
            CHECK(most_within(polls, window.per) <= window.share(QuotaUse::polls));
        }
    }
}
