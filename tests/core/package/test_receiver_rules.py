# SPDX-License-Identifier: GPL-2.0-or-later
"""Problems that the receiver's inspection would find, reported before export."""

from functools import cache

import pytest

from plugin.core.cancellation import NEVER_CANCELLED
from plugin.core.check import RunOptions, check_plan
from plugin.core.messages.texts import Texts
from plugin.core.package.export import check_by_rules_of_receiving_body
from plugin.core.package.problems import ProblemLevel
from tests.county import SEED, make_clean_county, source

pytestmark = pytest.mark.slow  # each checks a county


@cache
def make_county_sample():
    """Return a generated county without defects, made once."""
    return make_clean_county(200, SEED)


def make_valid_county(**shifts):
    """Return the layers of a small valid county.

    ``shifts``: square metres added to the area field of the first two rows, by layer code.
    """
    layers = make_county_sample().layers
    fields = {role: source.make_declared_fields(role) for role in layers}
    for role, shift in shifts.items():
        frame = layers[role].copy()
        frame.loc[frame.index[:2], "MJ"] += shift
        layers = {**layers, role: frame}
    return source.make_read_layers(layers, fields)


@pytest.fixture(scope="module")
def checked_valid_county():
    return check_plan(make_valid_county(), RunOptions())


@pytest.fixture(scope="module")
def checked_county_with_wrong_areas():
    """Return a check of a county in which two zone areas differ from their shapes."""
    return check_plan(make_valid_county(YDYHGHFQ=5.0), RunOptions())


def collect_receiver_problems(checked):
    """Return the problems that the rules of the receiving authority find before an export."""
    return list(check_by_rules_of_receiving_body(checked, NEVER_CANCELLED))


def test_rules_of_the_receiving_authority_find_no_problem_in_a_valid_county(checked_valid_county):
    assert collect_receiver_problems(checked_valid_county) == []


def test_area_field_that_the_receiving_authority_would_report_gives_a_note_before_export(
    checked_county_with_wrong_areas,
):
    (problem,) = collect_receiver_problems(checked_county_with_wrong_areas)
    assert (problem.level, problem.layer, problem.field, problem.count) == (ProblemLevel.NOTE, "YDYHGHFQ", "MJ", 2)
    for lang in ("zh", "en"):
        sentence = problem.format_as_sentence(Texts(lang))
        assert "ATT013" in sentence and problem.features[0] in sentence and "{" not in sentence


def test_contradiction_of_profile_and_data_is_not_listed_among_problems_for_the_receiving_authority(tmp_path):
    path = tmp_path / "other.toml"
    path.write_text('id = "other"\nname = "阳高县"\narea_code = "140221"\nbase = "shanxi"\n', encoding="utf-8")
    checked = check_plan(make_valid_county(YDYHGHFQ=5.0), RunOptions(profile=str(path)))
    assert "RUN904" in {finding.code for finding in checked.report.findings}
    assert {problem.params["rule"] for problem in collect_receiver_problems(checked)} == {"ATT013"}


def test_rule_of_the_receiving_authority_that_the_check_ran_is_not_run_again():
    assert collect_receiver_problems(check_plan(make_valid_county(YDYHGHFQ=5.0), RunOptions(rules=("ATT013",)))) == []
