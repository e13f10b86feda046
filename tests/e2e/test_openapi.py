"""/openapi.json describes the service that answers: its routes are there, others are not, and answers fit their schemas."""

import decimal
import re
import unittest

from harness.scenario import start_job, wait_for_points
from harness.service import Service

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")


def problems(value, schema, document, at="$"):
    """Where a value does not fit a JSON schema: the part of the language that such documents use."""
    if "$ref" in schema:
        target = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        return problems(value, target, document, at)
    for word in ("oneOf", "anyOf"):
        if word in schema:
            if not any(not problems(value, option, document, at) for option in schema[word]):
                return [f"{at}: fits none of {word}"]
    found = []
    for part in schema.get("allOf", []):
        found += problems(value, part, document, at)
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(is_kind(value, kind) for kind in kinds):
        return [f"{at}: {value!r} is no {kinds}"]
    if "const" in schema and value != schema["const"] or "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r} is not one of the values")
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{at}: {value!r} does not match {schema['pattern']}")
    if isinstance(value, dict):
        known = schema.get("properties", {})
        found += [f"{at}: {name} is missing" for name in schema.get("required", []) if name not in value]
        more = schema.get("additionalProperties", True)
        for name, member in value.items():
            if name in known:
                found += problems(member, known[name], document, f"{at}.{name}")
            elif more is False:
                found.append(f"{at}: {name} is not described")
            elif isinstance(more, dict):
                found += problems(member, more, document, f"{at}.{name}")
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            found += problems(item, schema["items"], document, f"{at}[{number}]")
    return found


def is_kind(value, kind):
    number = isinstance(value, (int, decimal.Decimal)) and not isinstance(value, bool)
    return {"object": isinstance(value, dict), "array": isinstance(value, list), "string": isinstance(value, str),
            "boolean": isinstance(value, bool), "null": value is None, "number": number,
            "integer": number and value == int(value)}[kind]


class OpenApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service()
        cls.addClassCleanup(cls.service.__exit__)
        cls.service.start()
        with cls.service.client() as client:
            cls.document = client.get("/openapi.json").json()
            cls.job = start_job(client, ["AAPL"])
            wait_for_points(client, "AAPL", 6)

    def setUp(self):
        self.client = self.service.client()
        self.addCleanup(self.client.close)

    def path_of(self, template):
        return re.sub(r"\{[^}]*\}", self.job, template)

    def test_it_is_openapi_3_1(self):
        self.assertTrue(self.document["openapi"].startswith("3.1"))
        self.assertTrue(self.document["info"]["version"])

    def test_every_route_of_it_is_answered_and_no_other_method_is(self):
        for template, operations in self.document["paths"].items():
            described = {method for method in METHODS if method in operations}
            allowed = described | ({"head"} if "get" in described else set())
            for method in ("get", "head", "post", "put", "patch", "delete"):
                with self.subTest(path=template, method=method):
                    if method == "delete" and "delete" in described:
                        continue  # would cancel the job that the others need; seen in the main flow
                    answer = self.client.request(method.upper(), self.path_of(template))
                    if method in allowed:
                        self.assertNotEqual(answer.status, 405, answer)
                    else:
                        self.assertEqual(answer.status, 405, answer)
                        named = {name.strip().lower() for name in answer.headers["allow"].split(",")}
                        self.assertEqual(named - {"options"}, allowed - {"options"})

    def test_every_route_of_the_contract_is_in_it(self):
        promised = {"/prices/latest": {"get"}, "/prices/poll": {"get", "post"}, "/prices/moving-average": {"get"},
                    "/prices/history": {"get"}, "/health": {"get"}, "/healthz": {"get"}, "/readyz": {"get"}, "/metrics": {"get"},
                    "/openapi.json": {"get"}, "/": {"get"}, "/prices/poll/{}": {"get", "patch", "delete"},
                    "/prices/poll/{}/pause": {"post"}, "/prices/poll/{}/resume": {"post"}, "/prices/poll/{}/run": {"post"}}
        described = {re.sub(r"\{[^}]*\}", "{}", template): set(operations) & set(METHODS)
                     for template, operations in self.document["paths"].items()}
        for path, methods in promised.items():
            self.assertLessEqual(methods, described.get(path, set()), path)

    def test_the_routes_that_the_root_lists_are_those(self):
        listed = self.client.get("/").text
        for template in self.document["paths"]:
            self.assertIn(template, listed)

    def test_answers_fit_their_schemas(self):
        requests = {
            "/prices/latest": ["symbol=AAPL", "symbol=AAPL&detail=full", "symbols=AAPL,MSFT", "symbol=AAPL&provider=nosuch", "symbol="],
            "/prices/history": ["symbol=AAPL&limit=2", "symbol=NOBODY", "symbol=AAPL&limit=0"],
            "/prices/moving-average": ["symbol=AAPL", "symbol=AAPL&limit=3", "symbol=AAPL&period=400", "symbol=AAPL&period=1"],
            "/prices/poll": ["", "status=wrong"],
            "/prices/poll/{job_id}": [""],
            "/health": [""],
        }
        templates = {re.sub(r"\{[^}]*\}", "{job_id}", template): operations for template, operations in self.document["paths"].items()}
        for path, queries in requests.items():
            for query in queries:
                with self.subTest(path=path, query=query):
                    answer = self.client.request("GET", f"{path.replace('{job_id}', self.job)}?{query}".rstrip("?"))
                    described = templates[path]["get"]["responses"]
                    self.assertIn(str(answer.status), described, answer)
                    content = described[str(answer.status)]
                    if "$ref" in content:
                        content = self.document["components"]["responses"][content["$ref"].rsplit("/", 1)[1]]
                    media = answer.headers["content-type"]
                    self.assertIn(media, content["content"])
                    self.assertEqual(problems(answer.json(), content["content"][media]["schema"], self.document), [], answer)


if __name__ == "__main__":
    unittest.main()
