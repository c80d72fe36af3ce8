# SPDX-License-Identifier: GPL-2.0-or-later
"""Docstrings, comments and documents name modules and files that exist."""

import ast
import re
from functools import cache
from pathlib import Path

from plugin.paths import ROOT
from tests.parametrize import for_each

PLUGIN = ROOT / "plugin"
FILES = sorted(PLUGIN.rglob("*.py"))
#: `core.live.session`, `bridge.running.threads.steady`: relative to the plugin's folder.
DOTTED = re.compile(r"`((?:core|bridge|gui|algorithms)(?:\.\w+)+)(?:\(\))?`")
#: Files in documents: `core/check.py`, relative to the plugin's or the repository's folder.
PATHS = re.compile(r"`((?:[\w.]+/)+[\w.]+\.(?:py|sh|toml|md))`")
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "adr").glob("*.md")),
]


@cache
def defined(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def exists(dotted: str) -> bool:
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        place, rest = PLUGIN.joinpath(*parts[:length]), parts[length:]
        if place.is_dir():
            return not rest
        if place.with_suffix(".py").is_file():
            return not rest or rest[0] in defined(place.with_suffix(".py"))
    return False


@for_each("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_modules_exist(path):
    assert [name for name in DOTTED.findall(path.read_text(encoding="utf-8")) if not exists(name)] == []


@for_each("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_named_in_documents_exist(document):
    names = PATHS.findall(document.read_text(encoding="utf-8"))
    drafts = ("att012_missing_use", "att012")  # examples of files that `make rule` writes
    missing = [n for n in names if not (ROOT / n).exists() and not (PLUGIN / n).exists() and "*" not in n]
    assert [name for name in missing if not any(draft in name for draft in drafts)] == []


def test_missing_name_is_found():
    assert exists("core.check.check_plan") and exists("core.live") and not exists("core.edits.Change")
