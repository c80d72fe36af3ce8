# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings of the inspection at the receiver, reported before a package is exported."""

from dataclasses import replace
from functools import cache

import pytest

from plugin.core.cancellation import NEVER, Cancellation
from plugin.core.check import Options, check_plan
from plugin.core.errors import Cancelled
from plugin.core.messages.texts import Texts
from plugin.core.package.export import report_received
from plugin.core.package.problems import Level
from tests.county import SEED, make, source

pytestmark = pytest.mark.slow  # each checks a county


@cache
def make_sample():
    return make(200, SEED)


def read_county(**shifts):
    """Return a small valid county.

    ``shifts``: layer → square metres added to the area field of its first two rows.
    """
    layers = make_sample().layers
    fields = {role: source.declared(role) for role in layers}
    for role, shift in shifts.items():
        frame = layers[role].copy()
        frame.loc[frame.index[:2], "MJ"] += shift
        layers = {**layers, role: frame}
    return source.as_read(layers, fields)


@pytest.fixture(scope="module")
def valid():
    return check_plan(read_county(), Options())


@pytest.fixture(scope="module")
def shifted():
    """Check zones whose area field differs from their shapes."""
    return check_plan(read_county(YDYHGHFQ=5.0), Options())


def collect_problems(checked):
    return list(report_received(checked, NEVER))


def test_valid_county_gives_no_problem(valid):
    assert collect_problems(valid) == []


def test_wrong_area_field_is_reported(shifted):
    (problem,) = collect_problems(shifted)
    assert (problem.level, problem.layer, problem.field, problem.count) == (Level.NOTE, "YDYHGHFQ", "MJ", 2)
    for lang in ("zh", "en"):
        sentence = problem.sentence(Texts(lang))
        assert "ATT013" in sentence and problem.features[0] in sentence and "{" not in sentence


def test_each_layer_is_reported_separately():
    assert sorted(p.layer for p in collect_problems(check_plan(read_county(YDYHGHFQ=5.0, STBHHX=5.0), Options()))) == [
        "STBHHX",
        "YDYHGHFQ",
    ]


def test_rule_already_run_by_the_check_is_not_repeated():
    assert collect_problems(check_plan(read_county(YDYHGHFQ=5.0), Options(rules=("ATT013",)))) == []


def test_received_rules_can_be_cancelled(valid):
    with pytest.raises(Cancelled):
        list(report_received(valid, Cancellation(lambda: True)))


def test_standard_without_received_rules_gives_no_problem(shifted, monkeypatch):
    norm = shifted.plan.norm
    groups = {name: rules for name, rules in norm.standard.rule_groups.items() if name != "received"}
    monkeypatch.setattr(shifted.plan, "norm", replace(norm, standard=replace(norm.standard, rule_groups=groups)))
    assert collect_problems(shifted) == []
