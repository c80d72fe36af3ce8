# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the plugin's shortcuts next to those of QGIS and its default plugins."""

import pytest

SHORTCUTS_OF_THE_PLUGIN = {
    "SanxianActionCheck": "F8",
    "SanxianActionFix_all": "Shift+F8",
    "SanxianActionNext": "F9",
    "SanxianActionPrevious": "Shift+F9",
}


@pytest.fixture(scope="module")
def shortcut_facts(desktop):
    return desktop("keys", others=("processing", "MetaSearch", "db_manager", "grassprovider"))


def test_each_plugin_shortcut_is_used_by_no_other_qgis_action(shortcut_facts):
    assert {"processing", "db_manager", "MetaSearch"} <= set(shortcut_facts["plugins"])
    for action, combination in SHORTCUTS_OF_THE_PLUGIN.items():
        assert shortcut_facts["owners"][combination] == [action]
    assert shortcut_facts["owners"]["Ctrl+Alt+R"] == ["resultsViewer"]
    warnings = shortcut_facts["ambiguous_shortcuts"]
    assert warnings and all("Ctrl+Alt+Shift+Y" in line for line in warnings), "the key that the script gave to two"


def test_plugin_shortcuts_start_a_check_and_select_the_next_and_previous_finding(shortcut_facts):
    assert shortcut_facts["checked"] and shortcut_facts["walked"] and shortcut_facts["back"]


def test_help_and_waive_keys_open_their_dialogs_in_the_findings_list(shortcut_facts):
    assert shortcut_facts["help"] == ["HelpDialog"]
    assert shortcut_facts["waive"] == ["WaiverDialog"]


def test_shortcut_of_the_processing_results_viewer_still_opens_it(shortcut_facts):
    assert shortcut_facts["results_viewer"] == ["ResultsViewer"]
