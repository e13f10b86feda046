"""Providers of a test's own: entries for a stub, and a service that reads them."""

import json
import pathlib
import subprocess
import tempfile
import unittest

from .service import Service, clean_environment, default_binary


def entry(url, **more):
    """A catalogue entry in the shape of quote()."""
    return {"base_url": url, "request": {"path": "/quote", "query": {"symbol": "{symbol}"}}, "success": {"path": "/c"},
            "values": {"price": "/c", "time": {"path": "/t", "as": "unix_s"}}, **more}


def quote(price="12.5", at=1700000000):
    return f'{{"c": {price}, "t": {at}}}'.encode()


class WithCatalogue(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mds-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def service(self, entries, env=None, **settings):
        """With these beside the shipped ones, the first of them by default; `settings` of the section providers."""
        catalogue = self.folder / "providers.json"
        catalogue.write_text(json.dumps({"providers": entries}))
        default = {"default": next(iter(entries))} if entries else {}
        return Service(settings={"providers": {"files": [str(catalogue)], **default, **settings}}, env=env)

    def mds(self, *arguments, env=None):
        """The command line, run in the test's folder."""
        return subprocess.run([default_binary(), *arguments], capture_output=True, text=True, cwd=self.folder, timeout=60,
                              env={**clean_environment(), **(env or {})})
