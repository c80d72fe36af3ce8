# SPDX-License-Identifier: GPL-2.0-or-later
"""Shortcuts of the plugin next to those of QGIS and its default plugins."""

import pytest

OURS = {"SanxianActionCheck": "F8", "SanxianActionNext": "F9", "SanxianActionPrevious": "Shift+F9"}


@pytest.fixture(scope="module")
def keys(desktop):
    return desktop("keys", others=("processing", "MetaSearch", "db_manager", "grassprovider"))


def test_each_key_is_ours_alone(keys):
    assert {"processing", "db_manager", "MetaSearch"} <= set(keys["plugins"])
    for action, combination in OURS.items():
        assert keys["owners"][combination] == [action]
    assert keys["owners"]["Ctrl+Alt+R"] == ["resultsViewer"]
    assert not [line for line in keys["log"] if "Ambiguous" in line]


def test_shortcuts_check_and_navigate(keys):
    assert keys["checked"] and keys["walked"] and keys["back"]


def test_keys_of_the_list_are_not_taken_by_the_window(keys):
    assert keys["help"] == ["HelpDialog"]
    assert keys["waive"] == ["WaiverDialog"]


def test_processing_has_its_own_key_again(keys):
    assert keys["results_viewer"] == ["ResultsViewer"]
