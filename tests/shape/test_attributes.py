# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that attributes of the plugin's classes are read where they are set, and set where they are read.

A renamed attribute that one place still sets by its former name raises no error: what depends on it never happens.
"""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.shape.syntax import list_nodes, walk

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "plugin"


@dataclass
class ClassInfo:
    """A class: its bases by name, and the attributes that it defines, sets and reads on ``self``."""

    path: str
    name: str
    bases: list[str] = field(default_factory=list)
    defined: set[str] = field(default_factory=set)
    set_on_self: set[str] = field(default_factory=set)
    read_on_self: set[str] = field(default_factory=set)

    @property
    def place(self) -> str:
        return f"{self.path}: {self.name}"


@cache
def read_plugin() -> dict[str, str]:
    """Return the source of each file of the plugin by its path."""
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in sorted(PLUGIN.rglob("*.py"))}


def list_classes(sources: dict[str, str]) -> dict[str, list[ClassInfo]]:
    """Return the classes of some files by name."""
    classes: dict[str, list[ClassInfo]] = {}
    for path, source in sources.items():
        for node in list_nodes(source):
            if isinstance(node, ast.ClassDef):
                classes.setdefault(node.name, []).append(describe_class(node, path))
    return classes


def describe_class(node: ast.ClassDef, path: str) -> ClassInfo:
    # The name of `Generic[T]` is its last name before the bracket.
    bases = [re.split(r"\W", ast.unparse(base).split("[")[0])[-1] for base in node.bases]
    info = ClassInfo(path, node.name, bases)
    nodes = walk(node)
    for statement in nodes:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef) and statement is not node:
            info.defined.add(statement.name)
    for statement in node.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            info.defined |= {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}
    for inner in nodes:
        if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.value.id == "self":
            (info.read_on_self if isinstance(inner.ctx, ast.Load) else info.set_on_self).add(inner.attr)
    return info


@cache
def list_read_names(source: str) -> set[str]:
    """Return the names of all attributes that a file reads, and the texts by which getattr may read them."""
    names = set()
    for node in list_nodes(source):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            names.add(node.attr)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "hasattr", "attrgetter"):
            names |= {n.value for n in node.args if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return names


def find_unread(sources: dict[str, str]) -> list[str]:
    """Return attributes that a class sets on ``self`` and no file reads.

    A private attribute counts as read only in the files of its class, its bases and its subclasses.
    """
    classes = list_classes(sources)
    bases = _list_bases_by_class(classes)
    everywhere = set().union(*map(list_read_names, sources.values()))
    found = []
    for one in (one for same_name in classes.values() for one in same_name):
        relatives = {one.name} | bases[one.name] | {name for name in classes if one.name in bases[name]}
        files = {relative.path for name in relatives for relative in classes[name]}
        near = set().union(*(list_read_names(sources[path]) for path in files))
        found += [
            f"{one.place}.{name}"
            for name in one.set_on_self
            if name not in (near if name.startswith("_") else everywhere)
        ]
    return sorted(found)


def _list_bases_by_class(classes: dict[str, list[ClassInfo]]) -> dict[str, set[str]]:
    """Return the known bases of each class, with the bases of these."""

    @cache
    def list_bases(name: str) -> set[str]:
        bases = {base for same_name in classes[name] for base in same_name.bases if base in classes}
        return bases.union(*(list_bases(base) for base in bases))

    return {name: list_bases(name) for name in classes}


def find_undefined(sources: dict[str, str]) -> list[str]:
    """Return attributes that a class reads on ``self`` and that neither it nor a base defines.

    Of a class with bases of Qt, QGIS or a library, only the private attributes are known.
    """
    classes = list_classes(sources)
    found = []
    for one in (one for same_name in classes.values() for one in same_name):
        known, is_ours = _list_inherited(one, classes)
        missing = {name for name in one.read_on_self - known if not name.startswith("__")}
        found += [f"{one.place}.{name}" for name in missing if is_ours or re.match(r"_[a-z]", name)]
    return sorted(found)


def _list_inherited(one: ClassInfo, classes: dict[str, list[ClassInfo]]) -> tuple[set[str], bool]:
    """Return the attributes of a class with its bases, and True if all bases are known."""
    known, is_ours = one.defined | one.set_on_self, True
    for base in one.bases:
        if base in classes:
            for parent in classes[base]:
                names, are_ours = _list_inherited(parent, classes)
                known, is_ours = known | names, is_ours and are_ours
        elif isinstance(getattr(builtins, base, None), type):
            known = known | set(dir(getattr(builtins, base)))
        elif base not in ("Protocol", "ABC", "Generic"):
            is_ours = False
    return known, is_ours


def test_attributes_set_on_self_are_read_somewhere():
    assert find_unread(read_plugin()) == []


def test_attributes_read_on_self_are_defined():
    assert find_undefined(read_plugin()) == []


def list_fields(source: str) -> set[str]:
    """Return the fields of the dataclasses of a file as ``Class.field``."""
    return {
        f"{node.name}.{statement.target.id}"
        for node in list_nodes(source)
        if isinstance(node, ast.ClassDef) and any("dataclass" in ast.unparse(one) for one in node.decorator_list)
        for statement in node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    }


def test_every_dataclass_field_is_read_as_an_attribute_or_named_in_a_string_of_the_plugin():
    used = set().union(*map(list_read_names, read_plugin().values()))
    for source in read_plugin().values():
        used |= {n.value for n in list_nodes(source) if isinstance(n, ast.Constant) and str(n.value) == n.value}
    # Read by the tests of all rules.
    used |= {"finds", "passes"}
    unused = [f"{path}: {name}" for path, source in read_plugin().items() for name in list_fields(source)]
    assert [name for name in unused if name.rsplit(".")[-1] not in used] == []


def test_attribute_check_reports_an_attribute_still_set_or_read_by_its_former_name():
    sources = {
        "rows.py": """
class Rows(QObject):
    def __init__(self):
        self._is_open = self._changing = False

    def load(self):
        return self._changing or self._opened or self.sender()
""",
        "model.py": """
class Model(Rows):
    def change(self):
        self._is_changing = self._is_open
""",
        "other.py": """
class Other:
    rows: int

    def count(self):
        self.total = self.rows + self.row
        return self._is_changing


print(Other().total)
""",
    }
    assert find_unread(sources) == ["model.py: Model._is_changing"]
    assert find_undefined(sources) == [
        "other.py: Other._is_changing",
        "other.py: Other.row",
        "rows.py: Rows._opened",
    ]


#: Verbs with which the name of a method begins. A value (a property, an attribute, a field) is named by a noun.
VERBS = frozenset(
    "build choose collect compute convert create decide describe determine draw fetch find format get infer list "
    "load make measure parse prepare read render resolve return store validate write".split()
)
#: A noun that begins like a verb.
NOUNS = {"list_id"}


def find_values_with_names_of_methods(source: str) -> list[str]:
    """Return properties, attributes and fields whose names begin with a verb, except those that can be called."""
    values = []
    for node in list_nodes(source):
        if isinstance(node, ast.FunctionDef) and any("property" in ast.unparse(d) for d in node.decorator_list):
            values.append((node.lineno, node.name, ast.unparse(node.returns) if node.returns else ""))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name | ast.Attribute):
            values.append((node.lineno, ast.unparse(node.target).split(".")[-1], ast.unparse(node.annotation)))
        elif isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
            if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(node.targets[0].elts, node.value.elts, strict=False))
            for target, value in pairs:
                # A function that a constructor receives is stored under the name of its parameter.
                is_function = isinstance(value, ast.Name) and ast.unparse(target).endswith(value.id)
                if isinstance(target, ast.Attribute) and not is_function:
                    values.append((node.lineno, target.attr, ""))
    return [
        f"{line}: {name}"
        for line, name, annotation in values
        if len(words := name.lstrip("_").split("_")) > 1
        and words[0] in VERBS
        and name not in NOUNS
        and "Callable" not in annotation
    ]


def test_no_property_attribute_or_field_has_a_name_that_begins_with_a_verb_like_a_method():
    problems = [
        f"{path}:{one}" for path, source in read_plugin().items() for one in find_values_with_names_of_methods(source)
    ]
    assert not problems, "\n".join(problems)


def test_name_check_reports_properties_and_attributes_with_names_that_begin_with_a_verb():
    source = """
class Result:
    get_count: int
    load_rows: Callable[[], list]

    def __init__(self, read_file):
        self._read_file = read_file
        self._find_rows, self.rows = set(), []

    @cached_property
    def format_time(self) -> str:
        return ""

    @property
    def time_text(self) -> str:
        return self.format_time
"""
    found = find_values_with_names_of_methods(source)
    assert sorted(one.split(": ")[1] for one in found) == ["_find_rows", "format_time", "get_count"]
