# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that modules and files named in docstrings and documents exist."""

import ast
import re
from functools import cache
from pathlib import Path

from plugin.paths import PLUGIN_ROOT
from tests.parametrize import for_each
from tests.shape.syntax import list_nodes

PLUGIN = PLUGIN_ROOT / "plugin"
PLUGIN_FILES = sorted(PLUGIN.rglob("*.py"))
#: `core.checks.live.session`, `bridge.running.threads.run_in_python_thread`: relative to the plugin's folder.
DOTTED_NAME_PATTERN = re.compile(r"`((?:core|bridge|gui|algorithms)(?:\.\w+)+)(?:\(\))?`")
#: Files in documents: `core/checks/check.py`, relative to the plugin's or the repository's folder.
PATH_PATTERN = re.compile(r"`((?:[\w.]+/)+[\w.]+\.(?:py|sh|toml|md))`")
DOCUMENTS = [
    *sorted(PLUGIN_ROOT.glob("*.md")),
    *sorted((PLUGIN_ROOT / "docs").glob("*.md")),
    *sorted((PLUGIN_ROOT / "docs" / "adr").glob("*.md")),
]


@cache
def list_defined_names(path: Path) -> set[str]:
    found = set()
    for node in list_nodes(path.read_text(encoding="utf-8")):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def dotted_name_exists(dotted: str) -> bool:
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        place, rest = PLUGIN.joinpath(*parts[:length]), parts[length:]
        if place.is_dir():
            return not rest
        if place.with_suffix(".py").is_file():
            return not rest or rest[0] in list_defined_names(place.with_suffix(".py"))
    return False


@for_each("path", PLUGIN_FILES, ids=lambda path: str(path.relative_to(PLUGIN_ROOT)))
def test_modules_named_in_docstrings_and_comments_exist(path):
    assert [
        name for name in DOTTED_NAME_PATTERN.findall(path.read_text(encoding="utf-8")) if not dotted_name_exists(name)
    ] == []


@for_each("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PLUGIN_ROOT)))
def test_source_files_named_in_documents_exist(document):
    names = PATH_PATTERN.findall(document.read_text(encoding="utf-8"))
    drafts = ("att024_missing_use", "att024")  # examples of files that `make rule` writes
    missing = [n for n in names if not (PLUGIN_ROOT / n).exists() and not (PLUGIN / n).exists() and "*" not in n]
    assert [name for name in missing if not any(draft in name for draft in drafts)] == []


def test_reference_check_detects_a_module_that_does_not_exist():
    assert (
        dotted_name_exists("core.checks.check.check_plan")
        and dotted_name_exists("core.checks.live")
        and not dotted_name_exists("core.edits.Change")
    )
