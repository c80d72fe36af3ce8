# SPDX-License-Identifier: GPL-2.0-or-later
"""Test in the real desktop that the panel of indicators follows edits, with the figures of a whole check."""

import pytest


@pytest.fixture(scope="module")
def indicator_facts(desktop):
    return desktop("indicator_edits")


def test_drawing_a_polygon_of_the_boundary_moves_the_dial_and_the_areas_that_count_it(indicator_facts):
    before, after = indicator_facts["figures_before"], indicator_facts["figures_after"]
    assert indicator_facts["dial_after"] != indicator_facts["dial_before"]
    changed = {key.split()[0] for key in before if before[key] != after[key]}
    assert {"expansion_ratio_n1", "boundary_area"} <= changed


def test_figures_after_random_edits_are_those_of_a_whole_check(indicator_facts):
    edited, checked = indicator_facts["figures_edited"], indicator_facts["figures_checked"]
    assert edited != indicator_facts["figures_after"]
    compared = [key for key in checked if key.split()[0] not in indicator_facts["stale_ids"]]
    assert len(compared) > len(checked) / 2
    for key in compared:
        assert edited[key] == pytest.approx(checked[key], rel=1e-9, abs=1e-9), key


def test_edits_cause_no_error(indicator_facts):
    assert indicator_facts["log"] == [] and indicator_facts["returncode"] == 0
