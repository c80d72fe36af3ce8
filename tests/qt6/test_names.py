# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of Qt in the code exist in Qt 6, where enums are scoped, and its enums are not replaced by numbers."""

import ast
import importlib
from pathlib import Path

import pytest
from qgis.PyQt import QtGui
from qgis.PyQt.QtWidgets import QApplication

from plugin.core.standard import load_standard
from tests.parametrize import for_each

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    path for folder in ("plugin", "tools", "tests/qgis", "tests/desktop") for path in (ROOT / folder).rglob("*.py")
]


def list_missing_names(source):
    """Return the names of Qt in a source, with their attributes, that PyQt6 lacks."""
    nodes, classes = list(ast.walk(ast.parse(source))), {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("qgis.PyQt."):
            module = importlib.import_module(node.module)
            # QGIS has some names also in the module in which Qt 5 had them.
            classes |= {one.name: getattr(module, one.name, getattr(QtGui, one.name, None)) for one in node.names}

    def find(name):
        first, *attributes = name.split(".")
        found = classes[first]
        for attribute in attributes:
            # An attribute of a value or of a function is unknown.
            found = getattr(found, attribute, None) if isinstance(found, type) else found
        return found

    texts = {text for node in nodes if isinstance(node, ast.Attribute) and "(" not in (text := ast.unparse(node))}
    return [one for one in [*classes, *texts] if one.split(".")[0] in classes and find(one) is None]


@for_each("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_of_qt_exist_in_qt_6(path):
    assert list_missing_names(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "code",
    [
        "QtCore import Qt\nQt.AlignLeft",
        "QtCore import Qt\nQt.AlignmentFlag.AlignMiddle",
        "QtGui import QFont\nQFont.Bold",
        "QtCore import QRegExp",
    ],
)
def test_names_that_qt_6_lacks_are_found(code):
    assert list_missing_names(f"from qgis.PyQt.{code}")


def test_groups_of_layers_are_ticked_with_the_enum_of_qt():
    from plugin.gui.toolbox.parameter_widgets import GroupsWidget

    application = QApplication.instance() or QApplication([])
    chosen = GroupsWidget(None, None)
    chosen.widget = chosen.createWidget()
    first, second, *_ = load_standard().groups
    chosen.setValue(f"{second},{first}")
    assert chosen.value() == f"{first},{second}" and application is not None
