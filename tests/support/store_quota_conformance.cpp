#include "support/catch.hpp"
#include "support/store_conformance.hpp"

#include <algorithm>

using namespace mds;
using namespace mds::test;
using namespace std::chrono_literals;

namespace {

QuotaOrder order(std::vector<QuotaWindow> windows, int wishes, QuotaUse use = QuotaUse::reads) {
    QuotaOrder made;
    made.provider = "p";
    made.windows = std::move(windows);
    made.wishes.assign(static_cast<std::size_t>(wishes), {1, use, 0s});
    made.patience = 20ms;
    return made;
}

std::ptrdiff_t taken(QuotaGrant const& grant) {
    return std::ranges::count(grant.replies, true, &QuotaReply::taken);
}

QuotaGrant take(StoreUnderTest& store, QuotaOrder wanted) {
    auto grant = store.run(store.store().quotas().take(std::move(wanted)));
    REQUIRE(grant.has_value());
    return *std::move(grant);
}

std::vector<QuotaWindow> const a_day{{10, 86400s, false}, {20, 86400s, true}};

}  // namespace

TEST_CASE("quotas: what was taken is spent, for each provider by itself, and by all processes of a store together") {
    auto const store = make_store_under_test();
    CHECK(taken(take(*store, order(a_day, 4, QuotaUse::polls))) == 4);
    CHECK(taken(take(*store, order(a_day, 9, QuotaUse::polls))) == 4);
    auto const rest = take(*store, order(a_day, 3));
    CHECK(taken(rest) == 2);
    CHECK(rest.replies[2].turn.from > rest.now + 23h);
    auto other = order(a_day, 3);
    other.provider = "q";
    CHECK(taken(take(*store, other)) == 3);
}

TEST_CASE("quotas: a restart does not free them") {
    auto const store = make_store_under_test();
    CHECK(taken(take(*store, order(a_day, 9))) == 9);
    store->reopen();
    CHECK(taken(take(*store, order(a_day, 9))) == 1);
}

TEST_CASE("quotas: a turn that was not used can be given back") {
    auto const store = make_store_under_test();
    auto const first = take(*store, order({{1, 60s, false}}, 1));
    REQUIRE(taken(first) == 1);
    CHECK(first.replies[0].turn.from >= first.now);
    CHECK(first.replies[0].turn.until == first.replies[0].turn.from + 20ms);
    auto again = order({{1, 60s, false}}, 1);
    CHECK(taken(take(*store, again)) == 0);
    again.unused.push_back(first.replies[0].turn);
    CHECK(taken(take(*store, again)) == 1);
    again.unused.clear();
    CHECK(taken(take(*store, again)) == 0);
}

TEST_CASE("quotas: turns of a window that is over are forgotten, and its time passes by the store's clock") {
    auto const store = make_store_under_test();
    auto const second = order({{3, 1s, false}}, 3);
    auto grant = take(*store, second);
    CHECK(taken(grant) == 3);
    auto const begin = grant.now;
    do grant = take(*store, second);
    while (taken(grant) == 0);
    CHECK(grant.now >= begin + 1s);
    CHECK(taken(grant) == 3);
    CHECK(taken(take(*store, second)) == 0);
}

TEST_CASE("quotas: a wish may wait, and its turn comes when the window has room") {
    auto const store = make_store_under_test();
    auto wanted = order({{2, 1s, false}}, 3);
    for (auto& wish : wanted.wishes) wish.wait = 5s;
    auto const grant = take(*store, wanted);
    CHECK(taken(grant) == 3);
    CHECK(grant.replies[1].turn.from == grant.replies[0].turn.from);
    CHECK(grant.replies[2].turn.from >= grant.replies[0].turn.until + 1s);
    CHECK(grant.replies[2].turn.from <= grant.replies[0].turn.until + 1030ms);
}
