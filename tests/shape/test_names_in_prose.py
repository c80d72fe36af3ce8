# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that names in backticks exist: in docstrings, comments and documents.

A name is looked up in the code, in the data (keys and whole values), and among the files. A dotted name that begins
with a module or a class must lead to something that it defines.
"""

from __future__ import annotations

import ast
import builtins
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.shape.syntax import list_comments, list_nodes, parse, walk

ROOT = Path(__file__).resolve().parents[2]
#: Names of other software, formats and earlier versions.
EXTERNAL_NAMES = {
    "name_2": "a name that GDAL makes",
}
#: Where the reader learns of former names, or of the tree of another version.
HISTORY = ("CHANGELOG.md", "tests/upgrade/0.1.0/", "tests/shape/")
#: Parameters that have one class everywhere.
CLASS_OF_PARAMETER = {
    "ctx": "RuleContext",
    "draft": "CountyDraft",
    "norm": "Norm",
    "options": "RunOptions",
    "result": "RuleResult",
    "rule": "Rule",
}
OWNERS_OF_DOCSTRINGS = {ast.Module, ast.ClassDef, ast.FunctionDef}
#: Field of each kind of node that contains a name.
FIELDS_WITH_NAMES = {
    ast.Name: "id", ast.Attribute: "attr", ast.FunctionDef: "name", ast.ClassDef: "name", ast.arg: "arg", ast.keyword: "arg",
}  # fmt: skip
_QUOTED_TEXT_PATTERN = re.compile(r"``([^`\n]+)``|`([^`\n]+)`")
_NAME_PATTERN = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


@cache
def list_files() -> list[Path]:
    """Return the files of the repository."""
    done = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a clone")
    names = [name for name in done.stdout.split("\0") if name]
    return [path for name in names if (path := ROOT / name).is_file()]


def list_python_files() -> list[Path]:
    return [path for path in list_files() if path.suffix == ".py"]


def list_docstrings(nodes: list[ast.AST]) -> list[ast.expr]:
    """Return the node of each docstring."""
    owners = [n for n in nodes if type(n) in OWNERS_OF_DOCSTRINGS]
    return [owner.body[0].value for owner in owners if ast.get_docstring(owner, clean=False) is not None]


def list_names_of_code(nodes: list[ast.AST]) -> set[str]:
    """Return all names in a file's code, and the texts in it that are names."""
    docstrings = {id(node) for node in list_docstrings(nodes)}
    names: set[str] = set()
    for node in nodes:
        if field := FIELDS_WITH_NAMES.get(type(node)):
            names.add(getattr(node, field) or "")
        elif isinstance(node, ast.alias):
            names |= set(node.name.split("."))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            # SQL, TOML, HTML and column lists have several names in one text.
            names |= set(re.findall(r"\w+", _QUOTED_TEXT_PATTERN.sub("", node.value)))
    return names


def list_names_of_data(data: Any) -> set[str]:
    """Return the keys and the values without blanks of nested tables."""
    if isinstance(data, dict):
        return (
            set(data)
            .union(*(part for key in data for part in [{*re.split(r"\W", key)}]))
            .union(*(list_names_of_data(value) for value in data.values()))
        )
    if isinstance(data, list):
        return set().union(*(list_names_of_data(value) for value in data))
    return set(re.split(r"[\W]", data)) if isinstance(data, str) and " " not in data else set()


@cache
def list_known_names() -> frozenset[str]:
    known = {*dir(builtins), *EXTERNAL_NAMES}
    for path in list_files():
        known |= {path.name, path.stem, *path.relative_to(ROOT).parts}
        if path.suffix == ".py" and path != Path(__file__):
            known |= list_names_of_code(list_nodes(path.read_text(encoding="utf-8")))
        elif path.suffix == ".toml":
            known |= list_names_of_data(tomllib.loads(path.read_text(encoding="utf-8")))
        elif path.suffix in (".csv", ".sh", ".json", ".txt", ".qml", ".qpt", ".ui") or path.name == "Makefile":
            known |= set(re.findall(r"\w+", path.read_text(encoding="utf-8", errors="replace")))
    return frozenset(known)


@cache
def list_modules() -> dict[str, list[Path]]:
    """Return modules and packages by their last name."""
    modules: dict[str, list[Path]] = {}
    for path in list_python_files():
        place = path.parent if path.name == "__init__.py" else path
        modules.setdefault(place.stem, []).append(place)
    return modules


@cache
def list_classes() -> dict[str, list[ast.ClassDef]]:
    classes: dict[str, list[ast.ClassDef]] = {}
    for path in list_python_files():
        for node in list_nodes(path.read_text(encoding="utf-8")):
            if isinstance(node, ast.ClassDef):
                classes.setdefault(node.name, []).append(node)
    return classes


@cache
def name_exists(name: str) -> bool:
    """Return True if a name in backticks, perhaps dotted, exists in the repository."""
    parts = name.split(".")
    if not set(parts) <= list_known_names():
        return False
    if len(parts) == 1:
        return True
    modules = list_modules().get(parts[0], [])
    classes = list_classes().get(CLASS_OF_PARAMETER.get(parts[0], parts[0]), [])
    if not modules and not classes:
        return True
    # A key of the data, or a file, may begin like a module.
    return (
        name in _list_dotted_texts()
        or any(_leads_from_module(module, parts[1:]) for module in modules)
        or any(_defines_in_class(one, parts[1]) for one in classes)
    )


@cache
def _list_dotted_texts() -> frozenset[str]:
    """Return the dotted texts in code (``"ratio.form"``) and the dotted keys and file names of the data."""
    texts: set[str] = {path.name for path in list_files()}
    for path in list_files():
        if path.suffix in (".py", ".toml", ".csv") and path != Path(__file__):
            texts |= set(re.findall(r"""["']([\w.-]+\.[\w.-]+)["']""", path.read_text(encoding="utf-8")))
        if path.suffix == ".toml":
            texts |= _list_dotted_keys(tomllib.loads(path.read_text(encoding="utf-8")), "")
    return frozenset(texts)


def _list_dotted_keys(data: Any, prefix: str) -> set[str]:
    if not isinstance(data, dict):
        return set()
    keys = {prefix + key for key in data}
    return keys.union(*(_list_dotted_keys(value, f"{prefix}{key}.") for key, value in data.items()))


def _leads_from_module(place: Path, rest: list[str]) -> bool:
    if not rest:
        return True
    if place.is_dir() and ((place / rest[0]).is_dir() or (place / f"{rest[0]}.py").is_file()):
        inner = place / rest[0]
        return _leads_from_module(inner if inner.is_dir() else inner.with_suffix(".py"), rest[1:])
    source = place / "__init__.py" if place.is_dir() else place
    return source.is_file() and rest[0] in _list_defined_names(source)


@cache
def _list_defined_names(module: Path) -> frozenset[str]:
    """Return the names at the top of a module; names inside a function are not its own."""
    names = set()
    statements = list(parse(module.read_text(encoding="utf-8")).body)
    while statements:
        node = statements.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        else:
            names |= {n.id for n in walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            statements += [inner for inner in ast.iter_child_nodes(node) if isinstance(inner, ast.stmt)]
    return frozenset(names)


def _defines_in_class(node: ast.ClassDef, name: str) -> bool:
    """Return True if a class or one of its bases has an attribute; bases from elsewhere may have any."""
    for inner in walk(node):
        if isinstance(inner, ast.FunctionDef | ast.ClassDef) and inner.name == name:
            return True
        if isinstance(inner, ast.Attribute) and inner.attr == name and ast.unparse(inner.value) == "self":
            return True
        if isinstance(inner, ast.Name) and inner.id == name and isinstance(inner.ctx, ast.Store):
            return True
    bases = [ast.unparse(base).split("[")[0].split(".")[-1] for base in node.bases]
    plain = ("object", "NamedTuple", "Protocol", "StrEnum", "Enum", "IntEnum")
    return any(
        base not in plain
        and (base not in list_classes() or any(_defines_in_class(b, name) for b in list_classes()[base]))
        for base in bases
    )


def find_unknown_names(text: str) -> list[tuple[int, str]]:
    """Return (line, name) for each name in backticks that does not exist; lines count from 0."""
    text = re.sub(r"^```.*?^```", lambda block: "\n" * block[0].count("\n"), text, flags=re.DOTALL | re.MULTILINE)
    found = []
    for match in _QUOTED_TEXT_PATTERN.finditer(text):
        name = re.sub(r"\(.*\)$", "", match[1] or match[2])
        if _NAME_PATTERN.fullmatch(name) and not name_exists(name):
            found.append((text[: match.start()].count("\n"), name))
    return found


def test_names_in_backticks_in_code_and_documents_exist():
    problems = []
    for path in list_files():
        place = path.relative_to(ROOT).as_posix()
        if place.startswith(HISTORY) or path.suffix not in (".py", ".md"):
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".md":
            problems += [f"{place}:{line + 1}: {name}" for line, name in find_unknown_names(text)]
            continue
        for node in list_nodes(text):
            # Docstrings, and texts with names in backticks, such as messages for developers.
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "`" in node.value:
                problems += [f"{place}:{node.lineno + line}: {name}" for line, name in find_unknown_names(node.value)]
        for line, comment in list_comments(text):
            problems += [f"{place}:{line}: {name}" for _, name in find_unknown_names(comment)]
    assert not problems, "\n".join(problems)


def test_unknown_names_in_backticks_are_found():
    text = "`compute_drawn_area` of `core.geometry.statutory_area`, `ctx.run_log`, `Plan.find_layer_of_concept`, ``ratio.form``"
    assert find_unknown_names(text) == []
    wrong = "`gone_name_of_nothing`\n`ctx.log`, `statutory_area.gone`, `Plan.gone`, `core.gone.compute_drawn_area()`"
    assert [name for _, name in find_unknown_names(wrong)] == [
        "gone_name_of_nothing",
        "ctx.log",
        "statutory_area.gone",
        "Plan.gone",
        "core.gone.compute_drawn_area",
    ]
