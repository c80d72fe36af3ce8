# SPDX-License-Identifier: GPL-2.0-or-later
"""For each rule a defect in the clean county: exactly that rule answers, and those declared to follow."""

import importlib
import pkgutil
import tomllib
from pathlib import Path

import pytest
import shapely

import tests.mutations
from plugin.core.model.rule import all_rules
from tests.county.measure import land_area, statutory_area
from tests.mutations.clean import SEALED_RULES
from tests.mutations.mutation import MUTATIONS, CountyDraft, compare_reports

HERE = Path(__file__).resolve().parent
for module in pkgutil.iter_modules(tests.mutations.__path__):
    if not module.name.startswith(("test_", "conftest")):
        importlib.import_module(f"tests.mutations.{module.name}")
#: Sentences (rule and case) that no defect brings about here, and why.
WITHOUT = tomllib.loads((HERE / "without.toml").read_text(encoding="utf-8"))


def test_every_rule_has_a_mutation():
    missing = sorted(all_rules().keys() - {one.rule for one in MUTATIONS})
    assert not missing, f"{missing}: plant a defect for each (how: tests/mutations/__init__.py)"


def test_every_sentence_of_every_rule_is_said():
    """A rule that tells several things needs a mutation for each (`case`)."""
    sentences = {f"{code} {case}".strip() for code, rule in all_rules().items() for case in rule.messages}
    said = {f"{one.rule} {one.case}".strip() for one in MUTATIONS}
    missing = sorted(sentences - said - WITHOUT.keys())
    assert not missing, f"{missing}: plant a defect for each (how: tests/mutations/__init__.py)"
    assert not WITHOUT.keys() & said, f"{sorted(WITHOUT.keys() & said)}: is said now, take it out of without.toml"
    assert WITHOUT.keys() <= sentences


def test_mutations_have_names_of_their_own():
    names = [one.name for one in MUTATIONS]
    assert len(set(names)) == len(names)


def test_the_sealed_county_is_its_own_edition(base):
    report = base("sealed").report
    assert {r.code: str(r.outcome) for r in report.rules} == dict.fromkeys(SEALED_RULES, "passed")


@pytest.mark.parametrize("one", MUTATIONS, ids=lambda one: one.name)
def test_exactly_its_rule_answers(one, base, tmp_path):
    clean = base(one.base)
    draft = CountyDraft(clean.county, clean.options, tmp_path)
    place = one.plant(draft)
    answer = compare_reports(draft.report(), clean.report)
    assert answer.found.keys() == {one.rule} | one.follows, answer.printed()
    assert one.finds in (None, len(answer.found[one.rule])), answer.printed()
    assert one.case in {f.case for f in answer.found[one.rule]}, answer.printed()
    assert answer.silent == one.silent, answer.printed()
    if place is not None:
        assert_found_there([f for f in answer.found[one.rule] if f.case == one.case], place, draft)


def assert_found_there(findings, place, draft):
    """The findings are the land that was planted: by a second hand, whole features by their vertices, parts as they are drawn."""
    planted = statutory_area([place])[0]
    for finding in findings:
        shape = finding.geometry
        layers = [draft.layers[role] for role in (finding.role, finding.related_role) if role in draft.layers]
        rows = [layer.geometry[layer.geometry.notna()] for layer in layers]
        whole = any(own.geom_equals(shape).any() for own in rows)
        (measured,) = (statutory_area if whole else land_area)([shape])
        assert finding.area_m2 == pytest.approx(measured, rel=1e-9, abs=0.01)
    together = shapely.union_all([f.geometry for f in findings])
    assert shapely.symmetric_difference(together, place).area < 0.01 + 1e-9 * planted
