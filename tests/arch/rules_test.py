"""Each rule finds what it shall find, and nothing else."""
import unittest

from coawait_rule import findings_of
from includes_rule import breaches_of, folder_of

BAD = [
    "Task<int> f() { co_await g(Agg{a, b}); }",
    "Task<int> f() { co_await g({.x = a}); }",
    "Task<int> f() { co_await g({\"a\", \"b\"}); }",
    "Task<int> f() { co_await g(std::vector<Agg>{{a}}); }",
    "Task<int> f() { co_await co_spawn(ex, [s]() -> Task<void> { co_return; }, use_task); }",
    "Task<int> f() { co_await initiate([p](auto h) { h(); }, token); }",
    "Task<int> f() { co_await initiate([p] { p(); }, token); }",
    "Task<int> f() { Agg x{a, co_await g()}; }",
    "Task<int> f() { v.push_back(Agg{a, co_await g()}); }",
    "Task<int> f() { auto x = h(Agg{a}, co_await g()); }",
    "Task<int> f() { auto x = h(co_await g(), Agg{a}); }",
    "Task<int> f() { auto x = Agg{a}.with(co_await g()); }",
    "Task<int> f() { if (auto r = co_await g(Agg{a})) { h(); } }",
    "Task<int> f() { if (x) co_await g(Agg{a}); }",
    "Task<int> f() { for (auto const& i : co_await g(Agg{a})) h(i); }",
    "Task<int> f() { co_return co_await g(Agg{a}); }",
    "Task<int> f() { std::visit([](auto) {}, co_await g()); }",
    "Task<int> f() { auto [e, n] = co_await s.read(buffer{p, n}, token); }",
    "auto f = []() -> Task<int> { co_await g(Agg{a}); };",
    "Task<int> f() { co_await g(\n    Agg{a}); }",
    "Task<int> f() { co_await (c ? g() : h()); }",
    "Task<int> f() { auto x = c ? co_await g() : h(); }",
    "Task<int> f() { co_await g(c\n    ? a : b); }",
    "Task<int> f() { co_return (c ? co_await g() : a).size(); }",
    "Task<int> f() { if (co_await g(c ? a : b)) h(); }",
]

GOOD = [
    "Task<int> f() { Agg x{a, b}; co_await g(std::move(x)); }",
    "Task<int> f() { auto op = [p](auto h) { h(); }; co_await initiate(op, token); }",
    "Task<int> f() { co_await g(); }",
    "Task<int> f() { auto x = c ? a : b; co_await g(x); }",
    "Task<int> f() { if (co_await g()) co_return c ? a : b; }",
    "Task<int> f() { while (n < 5) { if (!co_await g(a)) break; ++n; } }",
    "Task<int> f() { co_return Agg{a}; }",
    "Task<int> f() { if (auto r = co_await g()) { h(Agg{a}); } }",
    "Task<int> f() { if (!co_await g()) { h(Agg{a}); } else { k(); } }",
    "Task<int> f() { while (co_await g()) { auto l = [x] { return x; }; } }",
    "Task<int> f() { for (auto const& i : co_await g()) { h({i}); } }",
    "Task<int> f() { switch (co_await g()) { case 1: { h(); } default: co_await k(); } }",
    "Task<int> f() { auto x = values[co_await g()]; table[1] = co_await h(); }",
    "Task<int> f() { co_spawn(ex, [s]() -> Task<void> { co_await s->run(); }, detached); }",
    "Task<int> f() { auto run = [&]() -> Task<std::map<int, int>> { co_return co_await g(); }; co_await run(); }",
    "Task<int> f() { [[maybe_unused]] auto r = co_await g(); }",
    "Task<int> f() { auto const [ec, n] = co_await s.async_read(b, as_result); }",
    "Task<int> f() { co_await g(\"{ [x] {\"); co_await g('{'); }  // co_await g({1})",
    "/* co_await g({1}) */ Task<int> f() { co_await g(R\"(co_await h({})\")); }",
    "struct A : B<int> { Task<int> f() const override { co_await g(); } int x{1}; };",
    "namespace a::b { Task<int> f() noexcept { co_await g(); } }",
    "Task<int> f() { try { co_await g(); } catch (E const& e) { h({e}); } do { co_await g(); } while (x); }",
    "Task<int> f() { if (x) { h({1}); } co_await g(); std::string s{\"a\"}; co_await g(s); }",
    "Task<int> f() { for (int i{0}; i < co_await g(); ++i) h(); }",
    "TEST_CASE(\"x\") { run([&]() -> Task<void> { auto r = co_await g(); CHECK(r == X{1}); }); }",
]


class CoawaitRule(unittest.TestCase):
    def test_finds_every_bad_case(self):
        for case in BAD:
            with self.subTest(case):
                self.assertEqual(len(findings_of(case)), 1)

    def test_leaves_good_cases_alone(self):
        for case in GOOD:
            with self.subTest(case):
                self.assertEqual(findings_of(case), [])

    def test_names_the_line(self):
        self.assertEqual(findings_of("\n/*\n*/ Task<int> f() {\n    co_await g(Agg{});\n}\n")[0][0], 4)


class IncludesRule(unittest.TestCase):
    def reasons(self, folder, line):
        return list(breaches_of(folder, "#pragma once\n" + line + "\n"))

    def test_folders(self):
        for path, folder in {
            "mds/domain/time.hpp": "mds/domain",
            "mds/module.hpp": "mds/module.hpp",
            "adapters/sqlite/ingest.cpp": "adapters/sqlite",
            "modules/http/server/session.hpp": "modules/http",
            "services/ingest.hpp": "services",
            "boost/json.hpp": None,
            "vector": None,
        }.items():
            self.assertEqual(folder_of(path), folder)

    def test_allows_what_points_down(self):
        for folder, line in [
            ("domain", "#include <mds/domain/time.hpp>"),
            ("domain", "#include <vector>"),
            ("mds/domain", "#include <boost/system/result.hpp>"),
            ("codec", '#include "codec/json_text.hpp"'),
            ("services", "#include <mds/ports/clock.hpp>"),
            ("services", '#include "support/log.hpp"'),
            ("adapters/sqlite", "#include <sqlite3.h>"),
            ("adapters/sqlite", '#include "codec/json_text.hpp"'),
            ("modules/http", '#include "services/ingest.hpp"'),
            ("app", '#include "adapters/sqlite/ingest.hpp"'),
            ("app", '#include "modules/http/server.hpp"'),
            ("app", "#include <sqlite3.h>"),
        ]:
            with self.subTest(line, folder=folder):
                self.assertEqual(self.reasons(folder, line), [])

    def test_refuses_what_does_not(self):
        for folder, line in [
            ("mds/domain", "#include <mds/ports/clock.hpp>"),
            ("domain", "#include <fmt/format.h>"),
            ("domain", "#include <boost/asio.hpp>"),
            ("codec", "#include <mds/ports/event_source.hpp>"),
            ("codec", '#include "support/log.hpp"'),
            ("support", "#include <mds/domain/time.hpp>"),
            ("services", '#include "adapters/sqlite/ingest.hpp"'),
            ("services", '#include "modules/http/server.hpp"'),
            ("adapters/sqlite", '#include "adapters/clock/system_clock.hpp"'),
            ("adapters/sqlite", '#include "services/ingest.hpp"'),
            ("modules/http", '#include "modules/poller/poller.hpp"'),
            ("modules/http", '#include "adapters/sqlite/ingest.hpp"'),
            ("modules/http", '#include "app/config.hpp"'),
            ("modules/http", "#include <sqlite3.h>"),
            ("services", "#include <curl/curl.h>"),
            ("services", '#include "../support/log.hpp"'),
            ("services", '#include "ingest.hpp"'),
        ]:
            with self.subTest(line, folder=folder):
                found = self.reasons(folder, line)
                self.assertEqual(len(found), 1)
                self.assertEqual(found[0][0], 2)


if __name__ == "__main__":
    unittest.main()
