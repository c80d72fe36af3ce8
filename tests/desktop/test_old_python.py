# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the plugin in a QGIS whose Python has no tomllib module."""

import ast

import pytest

from tests.desktop.conftest import ROOT


@pytest.fixture(scope="module")
def old_python_facts(desktop):
    return desktop("old_python", without="tomllib")


def test_old_python_without_tomllib_shows_the_missing_module_and_the_remedy(old_python_facts):
    assert any("环境自检" in text for text in old_python_facts["said"]), old_python_facts["said"]
    assert (
        "Python 3" in old_python_facts["doctor"]
        and "tomllib" in old_python_facts["doctor"]
        and "QGIS 3.40" in old_python_facts["doctor"]
    )
    assert not old_python_facts["provider"] and old_python_facts["unloaded"] and not old_python_facts["left"]


def test_modules_loaded_on_an_old_python_have_python_3_9_syntax(old_python_facts):
    assert (
        "sanxian.plugin.unusable" in old_python_facts["loaded"]
        and "sanxian.plugin.main" not in old_python_facts["loaded"]
    )
    for name in old_python_facts["loaded"]:
        path = ROOT.joinpath(*name.split(".")[1:])
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
    assert not [name for name in old_python_facts["loaded"] if ".gui" in name], "they import what Python 3.9 lacks"
