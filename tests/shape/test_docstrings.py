# SPDX-License-Identifier: GPL-2.0-or-later
"""Docstrings name parameters and attributes that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.shape.syntax import list_nodes, walk

PLUGIN = Path(__file__).resolve().parents[2] / "plugin"
#: Names that a docstring explains although they are keys, arguments of signals, or columns.
EXPLAINED_ELSEWHERE = {
    "LiveCheck": {"rows", "step"},
    "WizardPage": {"changed"},
    "RuleExample": {"targets", "figures", "baseline"},
    "read_rules": {"rules_extra", "rules_off"},
    "find_refusal_reason": {"fid", "forced", "info", "run"},
    "make_township_section": {"columns", "rows"},
    "FormBox": {"changed"},
}
OWN_BASES = {"NamedTuple", "QObject", "QWidget", "QDialog", "object"}


def list_section_names(docstring: str, title: str) -> set[str]:
    """Return the names that a numpy section of a docstring explains."""
    if f"{title}\n---" not in docstring:
        return set()
    section = docstring.split(f"{title}\n", 1)[1].split("\n", 1)[1]
    section = re.split(r"\n(?:Parameters|Returns|Raises|Yields|Notes|References|Attributes)\n-", section)[0]
    heads = [line for line in section.splitlines() if line and not line.startswith(" ")]
    return {name.strip().lstrip("*") for head in heads for name in head.split(":")[0].split(",")}


def list_explained_names(docstring: str, title: str) -> set[str]:
    """Return the names explained in a section, or in the text with a colon."""
    names = list_section_names(docstring, title) | set(re.findall(r"``(\w+)``(?: \([^)]*\))?:", docstring))
    return {name for name in names if re.fullmatch(r"[a-z_]\w*", name)}


def list_attributes(node: ast.ClassDef) -> set[str]:
    names = {s.target.id for s in node.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)}
    for inner in walk(node):
        if isinstance(inner, ast.FunctionDef):
            names |= {inner.name, *(argument.arg for argument in (*inner.args.args, *inner.args.kwonlyargs))}
        if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.value.id == "self":
            names.add(inner.attr)
    return names


def list_unknown_names(source: str) -> list[tuple[str, set[str]]]:
    """Return (name of a class or function, names in its docstring that it does not have)."""
    found = []
    for node in list_nodes(source):
        if not isinstance(node, (ast.ClassDef, ast.FunctionDef)) or not (docstring := ast.get_docstring(node)):
            continue
        if isinstance(node, ast.ClassDef):
            if any(isinstance(base, ast.Name) and base.id not in OWN_BASES for base in node.bases):
                continue
            unknown = list_explained_names(docstring, "Attributes") - list_attributes(node)
        else:
            given = node.args
            every = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
            unknown = list_explained_names(docstring, "Parameters") - {one.arg for one in every if one is not None}
        found.append((node.name, unknown - EXPLAINED_ELSEWHERE.get(node.name, set())))
    return [(name, unknown) for name, unknown in found if unknown]


def test_parameters_and_attributes_explained_in_docstrings_exist_in_the_code():
    wrong = [
        f"{path.relative_to(PLUGIN)}: {name}: {', '.join(sorted(unknown))}"
        for path in sorted(PLUGIN.rglob("*.py"))
        for name, unknown in list_unknown_names(path.read_text(encoding="utf-8"))
    ]
    assert not wrong, "\n".join(wrong)


def test_docstring_check_reports_the_former_name_of_a_renamed_parameter_or_attribute():
    source = '''
def read(path):
    """Read a file.

    ``source``: the file.
    """


def write(path):
    """Write a file.

    Parameters
    ----------
    target
        The file.
    """


class File:
    """A file.

    ``name``: its name. ``size``: bytes.
    """

    name: str
'''
    assert list_unknown_names(source) == [("read", {"source"}), ("write", {"target"}), ("File", {"size"})]
