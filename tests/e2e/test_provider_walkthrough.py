"""docs/providers.md, followed to the letter by somebody whose provider nobody knew: what the page says is what the program does."""

import json
import pathlib
import re
import shlex
import unittest

from harness.catalogue import WithCatalogue
from harness.provider_stub import ProviderStub, Reply
from harness.scenario import wait_for_points
from harness.service import Service

PAGE = (pathlib.Path(__file__).resolve().parents[2] / "docs" / "providers.md").read_text()
SECRET = "acme-secret"


def section(title):
    return re.search(rf"^## {re.escape(title)}$(.*?)^## ", PAGE, re.DOTALL | re.MULTILINE)[1]


def blocks(text, language):
    """What stands between the fences, without the indent of a list."""
    found = re.finditer(rf"^( *)```{language}\n(.*?)^\1```$", text, re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{match[1]}", "", match[2], flags=re.MULTILINE) for match in found]


class Walkthrough(WithCatalogue):
    """Each step with the files, the commands and the answers of the page."""

    @classmethod
    def setUpClass(cls):
        cls.steps = section("Adding one, step by step")
        cls.entry, = blocks(cls.steps, "json")
        cls.answer, cls.error = (text for text in re.findall(r"`(\{.*?\})`", cls.steps) if text.startswith(('{"last"', '{"error"')))
        cls.console, = blocks(cls.steps, "console")

    def setUp(self):
        super().setUp()
        for name, text in (("acme.json", self.entry), ("answer.json", self.answer), ("error.json", self.error)):
            (self.folder / name).write_text(text)

    def follow(self, command, *more, env=None):
        """A line of the page, in the folder with its files."""
        words = shlex.split(command)
        while "=" in words[0]:
            name, value = words.pop(0).split("=", 1)
            env = {**(env or {}), name: value}
        self.assertEqual(words.pop(0), "mds")
        return self.mds(*words, *more, env=env)

    def test_saved_answers_are_judged_as_the_page_says(self):
        command, expected = self.console.strip().split("\n")
        judged = self.follow(command.removeprefix("$ "))
        self.assertEqual(judged.stdout.strip(), expected, judged.stderr)
        unknown = self.follow(command.removeprefix("$ ").replace("answer.json", "error.json"))
        self.assertEqual(json.loads(unknown.stdout)["outcome"], "unknown_symbol")
        other = self.folder / "error.json"
        other.write_text('{"error": "try later"}')
        self.assertEqual(json.loads(self.follow(command.removeprefix("$ ").replace("answer.json", "error.json")).stdout)["outcome"],
                         "unclassified_error")

    def test_without_its_error_rules_no_error_becomes_a_price(self):
        (self.folder / "bare.json").write_text('{"providers": {"acme": {"errors": null}}}')
        judged = self.mds("provider", "check", "acme", "BTC-EUR", "error.json", "--status", "200", "--set",
                          'providers.files=["acme.json", "bare.json"]')
        self.assertEqual(json.loads(judged.stdout)["outcome"], "unclassified_error", judged.stderr)

    def test_it_is_asked_once_and_then_polled_without_a_rebuild(self):
        command, = re.findall(r"`(ACME_API_KEY=\.\.\. mds provider test .*?)`", self.steps, re.DOTALL)
        command = " ".join(command.split()).replace("=...", f"={SECRET}")
        with ProviderStub(lambda exchange: Reply(body=self.answer.encode())) as stub:
            here = ("--set", f"providers.override.acme.base_url={stub.url}")
            keyless = self.follow(command.replace(f"ACME_API_KEY={SECRET} ", ""), *here)
            self.assertIn("needs ACME_API_KEY", keyless.stderr)
            asked = self.follow(command, *here)
            trial = json.loads(asked.stdout)
            self.assertEqual((trial["status"], trial["results"][0]["outcome"]), (200, "ok"), asked)
            self.assertEqual(trial["request"], {"method": "GET", "url": stub.url + "/last/BTCEUR", "headers": {"X-Key": "***"}})
            self.assertEqual(stub.exchanges[0].headers["x-key"], SECRET)

            setting, = re.findall(r'`"providers": (\{"files".*?\})`', self.steps)
            settings = {**json.loads(setting), "override": {"acme": {"base_url": stub.url}}}
            with Service(data_dir=self.folder / "data", settings={"providers": settings}, env={"ACME_API_KEY": SECRET}) as service:
                service.start()
                with service.client() as client:
                    self.assertEqual(client.get("/providers/acme").json()["keys"], [{"variable": "ACME_API_KEY", "present": True}])
                    self.assertEqual(client.post("/prices/poll", {"symbols": ["BTC-EUR"], "interval": 1, "provider": "acme"}).status, 202)
                    point = wait_for_points(client, "BTC-EUR", 1, provider="acme")[0]
                    self.assertEqual((str(point["price"]), point["timestamp"]), ("61234.5", "2026-01-02T03:04:05.5Z"))
                service.stop()

    def test_changes_that_the_page_shows_are_taken(self):
        for number, text in enumerate(blocks(section("Changing one"), "json")):
            (self.folder / f"change{number}.json").write_text(text)
            checked = self.mds("check-config", "--set", f'providers.files=["change{number}.json"]')
            self.assertEqual(checked.returncode, 0, checked.stderr)


class Mistakes(WithCatalogue):
    def test_what_is_wrong_is_told_with_its_place(self):
        (self.folder / "acme.json").write_text(json.dumps({"providers": {"acme": {
            "base_url": "http://h", "request": {"path": "/{symbl}"}, "values": {"prise": "/p"}, "quota": [{"limit": 0, "per": "week"}],
            "also": [{"row": {"path": "/x"}}], "batch": {"max": 5, "same": "bases"}}}}))
        checked = self.mds("check-config", "--set", 'providers.files=["acme.json"]')
        self.assertEqual(checked.returncode, 2)
        for place in ("acme.request.path", "acme.values.prise", "acme.values.price", "acme.quota[0].limit", "acme.quota[0].per",
                      "acme.also[0].success", "acme.batch.same", "acme.batch.row.path"):
            self.assertIn("providers." + place, checked.stderr)


if __name__ == "__main__":
    unittest.main()
