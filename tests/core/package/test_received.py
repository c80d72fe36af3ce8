# SPDX-License-Identifier: GPL-2.0-or-later
"""What the receiver's inspection would find is told before a package is made."""

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
def made():
    return make(200, SEED)


def county(**shifts):
    """A small sound county; layer → square metres that are put to the area field of its first two rows."""
    layers = made().layers
    fields = {role: source.declared(role) for role in layers}
    for role, shift in shifts.items():
        frame = layers[role].copy()
        frame.loc[frame.index[:2], "MJ"] += shift
        layers = {**layers, role: frame}
    return source.as_read(layers, fields)


@pytest.fixture(scope="module")
def sound():
    return check_plan(county(), Options())


@pytest.fixture(scope="module")
def shifted():
    """Zones with areas that are not those of their shapes."""
    return check_plan(county(YDYHGHFQ=5.0), Options())


def told(checked):
    return list(report_received(checked, NEVER))


def test_a_sound_county_has_nothing_to_hear(sound):
    assert told(sound) == []


def test_areas_in_fields_that_are_not_those_of_the_shapes(shifted):
    (problem,) = told(shifted)
    assert (problem.level, problem.layer, problem.field, problem.count) == (Level.NOTE, "YDYHGHFQ", "MJ", 2)
    for lang in ("zh", "en"):
        sentence = problem.sentence(Texts(lang))
        assert "ATT013" in sentence and problem.features[0] in sentence and "{" not in sentence


def test_each_layer_by_itself():
    assert sorted(p.layer for p in told(check_plan(county(YDYHGHFQ=5.0, STBHHX=5.0), Options()))) == [
        "STBHHX",
        "YDYHGHFQ",
    ]


def test_what_the_check_has_looked_at_is_told_by_its_report():
    assert told(check_plan(county(YDYHGHFQ=5.0), Options(rules=("ATT013",)))) == []


def test_it_hears_cancel(sound):
    with pytest.raises(Cancelled):
        list(report_received(sound, Cancellation(lambda: True)))


def test_a_standard_without_such_rules_asks_none(shifted, monkeypatch):
    norm = shifted.plan.norm
    groups = {name: rules for name, rules in norm.standard.rule_groups.items() if name != "received"}
    monkeypatch.setattr(shifted.plan, "norm", replace(norm, standard=replace(norm.standard, rule_groups=groups)))
    assert told(shifted) == []
