# SPDX-License-Identifier: GPL-2.0-or-later
"""Names that modules of the plugin, and tests and benchmarks, import or use from each other exist.

Types are checked in the core only: a dialog that still uses an old name would fail when a user opens it.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from tests.shape.syntax import list_nodes

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "plugin"


def find_module(folder: Path, level: int, name: str) -> Path | None:
    """Return the file of a module, given by a relative import in a file of ``folder``."""
    for _ in range(level - 1):
        folder = folder.parent
    path = folder.joinpath(*name.split(".")) if name else folder
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((candidate for candidate in candidates if candidate.is_file()), None)


@cache
def list_defined_names(module: Path) -> frozenset[str]:
    """Return the names at the top of a module, and the modules next to a package's ``__init__.py``."""
    names: set[str] = set()
    for node in list_nodes(module.read_text(encoding="utf-8")):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    if module.name == "__init__.py":
        names |= {path.stem for path in module.parent.iterdir()}
    return frozenset(names)


def list_unknown_names(path: Path, source: str) -> list[str]:
    """Return names that a module imports, or uses as attributes of an imported module, and that do not exist."""
    nodes = list_nodes(source)
    modules: dict[str, Path] = {}
    unknown = []
    for node in nodes:
        if not isinstance(node, ast.ImportFrom) or not (node.level or node.module.startswith(("plugin.", "tests."))):
            continue
        folder, level = (path.parent, node.level) if node.level else (ROOT, 1)
        origin = find_module(folder, level, node.module or "")
        for alias in node.names:
            name = f"{node.module}.{alias.name}" if node.module else alias.name
            inner = find_module(folder, level, name)
            if inner is not None:
                modules[alias.asname or alias.name] = inner
            elif origin is None or alias.name not in list_defined_names(origin):
                unknown.append(f"{node.lineno}: {name}")
    # A local variable or a parameter may have the name of a module.
    stored = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    stored |= {n.arg for n in nodes if isinstance(n, ast.arg)}
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id not in stored:
            module = modules.get(node.value.id)
            known = module is None or node.attr in list_defined_names(module) or node.attr.startswith("__")
            if not known:
                unknown.append(f"{node.lineno}: {node.value.id}.{node.attr}")
    return unknown


def test_modules_import_and_use_only_names_that_the_imported_modules_define():
    wrong = [
        f"{path.relative_to(ROOT)}:{place}"
        for path in sorted([*PLUGIN.rglob("*.py"), *(ROOT / "tests").rglob("*.py")])
        for place in list_unknown_names(path, path.read_text(encoding="utf-8"))
    ]
    assert not wrong, "\n".join(wrong)


def test_module_check_reports_import_and_use_of_a_name_that_the_module_does_not_define():
    source = "from ..core.checks import check\nfrom ..core.checks.check import gone\ncheck.gone()\ncheck.check_plan()\n"
    assert list_unknown_names(PLUGIN / "gui" / "x.py", source) == ["2: core.checks.check.gone", "3: check.gone"]
