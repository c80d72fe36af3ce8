# SPDX-License-Identifier: GPL-2.0-or-later
"""A QGIS whose Python has no tomllib: the remedy is shown."""

import ast

import pytest

from tests.desktop.conftest import ROOT


@pytest.fixture(scope="module")
def facts(desktop):
    return desktop("old_python", without="tomllib")


def test_the_missing_module_and_its_remedy_are_shown(facts):
    assert any("环境自检" in text for text in facts["said"]), facts["said"]
    assert "Python 3" in facts["doctor"] and "tomllib" in facts["doctor"] and "QGIS 3.40" in facts["doctor"]
    assert not facts["provider"] and facts["unloaded"] and not facts["left"]


def test_what_was_loaded_parses_on_python_3_9(facts):
    assert "sanxian.plugin.old_python" in facts["loaded"] and "sanxian.plugin.main" not in facts["loaded"]
    for name in facts["loaded"]:
        path = ROOT.joinpath(*name.split(".")[1:])
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
