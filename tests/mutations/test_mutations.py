# SPDX-License-Identifier: GPL-2.0-or-later
"""Each defect in the clean county is found by exactly its rule and the declared consequences."""

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
#: Messages (rule and case) without a mutation, with the reason.
WITHOUT = tomllib.loads((HERE / "without.toml").read_text(encoding="utf-8"))


def test_every_rule_has_a_mutation():
    missing = sorted(all_rules().keys() - {one.rule for one in MUTATIONS})
    assert not missing, f"{missing}: plant a defect for each (how: tests/mutations/__init__.py)"


def test_every_message_of_every_rule_has_a_mutation():
    """A rule with several messages needs a mutation for each (`case`)."""
    sentences = {f"{code} {case}".strip() for code, rule in all_rules().items() for case in rule.messages}
    covered = {f"{one.rule} {one.case}".strip() for one in MUTATIONS}
    missing = sorted(sentences - covered - WITHOUT.keys())
    assert not missing, f"{missing}: plant a defect for each (how: tests/mutations/__init__.py)"
    assert not WITHOUT.keys() & covered, f"{sorted(WITHOUT.keys() & covered)}: is said now, take it out of without.toml"
    assert WITHOUT.keys() <= sentences


def test_mutations_have_unique_names():
    names = [one.name for one in MUTATIONS]
    assert len(set(names)) == len(names)


def test_sealed_county_equals_its_edition(base):
    report = base("sealed").report
    assert {r.code: str(r.outcome) for r in report.rules} == dict.fromkeys(SEALED_RULES, "passed")


@pytest.mark.parametrize("one", MUTATIONS, ids=lambda one: one.name)
def test_defect_is_found_by_exactly_its_rule(one, base, tmp_path):
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
    """Compare findings with the place of the defect; areas by an independent formula.

    Whole features are measured by their vertices, parts along their edges.
    """
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
