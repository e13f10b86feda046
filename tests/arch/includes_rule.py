#!/usr/bin/env python3
"""Holds every #include line against the dependency graph.

Usage: includes_rule.py SOURCE_ROOT
Prints one line per breach and exits with 1 if there is any.

The same graph stands in the DEPENDS of each folder's CMakeLists.txt; a header-only dependency would slip through there.
"""
import re
import sys
from pathlib import Path

# Who may include what. A folder may always include itself. Contracts: mds/domain, mds/ports and mds/module.hpp.
ALLOWED = {
    "mds/domain": set(),
    "mds/module.hpp": {"mds/domain"},
    "mds/ports": {"mds/domain", "mds/module.hpp"},
    "domain": {"mds/domain"},
    "codec": {"mds/domain"},
    "support": set(),
    "services": {"mds/domain", "mds/ports", "mds/module.hpp", "codec", "support"},
    "adapters/*": {"mds/domain", "mds/ports", "mds/module.hpp", "codec", "support"},
    "modules/*": {"mds/domain", "mds/ports", "mds/module.hpp", "services", "codec", "support"},
}

# Libraries that belong to a few folders, beside app, which names everything. Prefix of the include -> folders.
LIBRARIES = {
    "sqlite3.h": {"adapters/sqlite"},
    "curl/": {"adapters/providers"},
    "libpq": {"adapters/postgres"},
    "librdkafka/": {"adapters/kafka"},
    "hiredis/": {"adapters/redis"},
    "spdlog/": {"support"},
    "boost/beast": {"modules/http", "support"},
    "boost/program_options": set(),
}

# Below these nothing but the standard library and what is listed.
BARE = {
    "mds/domain": ("boost/system/",),
    "domain": ("boost/system/",),
    "codec": ("boost/system/", "boost/json/"),
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)


def folder_of(path):
    """The folder, as the graph names it, of a path below src/ or include/; None where it is no folder of ours."""
    parts = path.split("/")
    if parts[0] == "mds":
        return "mds/module.hpp" if path == "mds/module.hpp" else "/".join(parts[:2])
    if parts[0] in ("adapters", "modules") and len(parts) > 2:
        return "/".join(parts[:2])
    if parts[0] in ("domain", "codec", "support", "services", "app") and len(parts) > 1:
        return parts[0]
    return None


def allowed_for(folder):
    parent = folder.split("/")[0]
    return ALLOWED.get(folder, ALLOWED.get(parent + "/*", set())) | {folder}


def breach(folder, quoted, target):
    """Why a file of `folder` may not include `target`; None if it may."""
    if target.startswith((".", "/")):
        return f'relative or absolute include "{target}": name it from src/ or include/'
    to = folder_of(target)
    if to is not None:
        if folder == "app" or to in allowed_for(folder):
            return None
        return f"{folder} may not know {to} (it includes {target}); allowed: {', '.join(sorted(allowed_for(folder)))}"
    if quoted:
        return f'"{target}" is no file of a known folder: our own headers are named from src/, others stand in <>'
    for prefix, owners in LIBRARIES.items():
        if target.startswith(prefix) and folder not in owners | {"app"}:
            return f"<{target}> belongs to {', '.join(sorted(owners | {'app'}))} alone, not to {folder}"
    is_standard = "/" not in target and "." not in target
    if folder in BARE and not is_standard and not target.startswith(BARE[folder]):
        return f"{folder} stands on the standard library and {', '.join(BARE[folder])} alone, not on <{target}>"
    return None


def breaches_of(folder, text):
    """(line, reason) of every include line that breaks a rule."""
    for match in INCLUDE.finditer(text):
        reason = breach(folder, match.group(1) == '"', match.group(2))
        if reason:
            yield text.count("\n", 0, match.start()) + 1, reason


def main(root):
    files = found = 0
    for top in ("include", "src"):
        for path in sorted((root / top).rglob("*.[hc]pp")):
            inner = path.relative_to(root / top).as_posix()
            folder = folder_of(inner)
            files += 1
            if folder is None:
                print(f"{top}/{inner}: lies in no folder that the graph knows")
                found += 1
                continue
            for line, reason in breaches_of(folder, path.read_text(encoding="utf-8")):
                print(f"{top}/{inner}:{line}: {reason}")
                found += 1
    if files == 0:
        print(f"no sources below {root}")
        return 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
