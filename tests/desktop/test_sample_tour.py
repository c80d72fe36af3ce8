# SPDX-License-Identifier: GPL-2.0-or-later
"""Test in the real desktop the tour over the sample county."""

import pytest


@pytest.fixture(scope="module")
def tour_facts(desktop):
    return desktop("sample_tour", size="1366x768")


def test_each_of_the_five_steps_is_readable_next_to_its_target(tour_facts):
    steps = tour_facts["steps"]
    assert [step["position"] for step in steps] == [f"{number} / 5" for number in range(1, 6)]
    assert len({step["title"] for step in steps}) == 5
    for step in steps:
        assert step["inside"] and step["has_target"] and step["text_fits"], step
        assert not step["covers_target"] and not step["covers_messages"], step


def test_tour_goes_back_and_on_by_mouse_and_keyboard(tour_facts):
    assert not tour_facts["back_at_first"] and tour_facts["forward_by_keyboard"]
    assert not tour_facts["skip_at_last"] and tour_facts["ended"]


def test_tour_is_shown_once_and_again_only_by_the_option(tour_facts):
    assert not tour_facts["shown_again"] and tour_facts["shown_after_option"]


def test_skipping_leaves_nothing(tour_facts):
    assert tour_facts["skipped"] and tour_facts["left"] == []
    assert tour_facts["log"] == [] and tour_facts["returncode"] == 0
