# SPDX-License-Identifier: GPL-2.0-or-later
"""Test in the real desktop that repeated loading and closing, and layers removed during work, leave nothing.

``SANXIAN_REPETITIONS=50`` repeats fifty times; it takes some minutes.
"""

import os

import pytest


def find_differences(before, after):
    """Return what differs of all that a plugin may leave; modules are loaded again by the next start."""
    return {key: value for key, value in after.items() if key != "modules" and value != before[key]}


@pytest.fixture(scope="module")
def repeated_facts(desktop):
    return desktop("repeated", timeout=280 if "SANXIAN_REPETITIONS" not in os.environ else 1500)


def test_loading_and_unloading_many_times_leaves_nothing(repeated_facts):
    assert find_differences(repeated_facts["before_loading"], repeated_facts["after_loading"]) == {}
    first, last = repeated_facts["widgets_after_loads"]
    assert last <= first


def test_opening_and_closing_a_project_many_times_leaves_nothing(repeated_facts):
    first_children, last_children = repeated_facts["children_after_projects"]
    assert last_children == first_children and repeated_facts["result_after_closing"]
    first_count, last_count = repeated_facts["widgets_after_projects"]
    # A widget that is made once may be missing at the first count; one that each project leaves would count twice.
    assert last_count <= first_count + 1


def test_layer_removed_during_check_edit_and_batch_causes_no_error_and_leaves_nothing(repeated_facts):
    assert repeated_facts["check_ran_at_removal"] and repeated_facts["check_ended"]
    assert repeated_facts["trial_ran_at_removal"] and repeated_facts["trial_ended"]
    assert repeated_facts["edited_after_removal"] == []
    assert repeated_facts["log"] == [] and repeated_facts["returncode"] == 0
    assert find_differences(repeated_facts["before_loading"], repeated_facts["after_all"]) == {}
    assert not [name for name in repeated_facts["after_all"]["modules"] if ".rules." in name or ".fixes." in name]
