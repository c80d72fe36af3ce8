# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that each planted defect is found by exactly the declared rules."""

import tomllib
from pathlib import Path

import pytest
import shapely

import plugin.core
from plugin.core.model.rule import load_all_rules
from tests.county.measure import measure_drawn_area, statutory_area
from tests.mutations.clean import SEALED_RULES
from tests.mutations.mutation import PACKAGE_RULES, CountyDraft, compare_reports, load_all_mutations, run_only
from tests.parametrize import first_of_each_daily
from tests.rule_examples import is_variant_key

CORE = Path(plugin.core.__file__).parent
MUTATIONS_FOLDER = Path(__file__).resolve().parent
MUTATIONS = load_all_mutations()
#: Messages (rule and case) without a mutation, with the reason.
MESSAGES_WITHOUT_MUTATION = tomllib.loads((MUTATIONS_FOLDER / "without.toml").read_text(encoding="utf-8"))


def test_every_rule_has_a_planted_defect_that_tests_it():
    missing = sorted(load_all_rules().keys() - {one.rule for one in MUTATIONS})
    assert not missing, f"{missing}: plant a defect for each (how: tests/mutations/__init__.py)"


def test_every_message_of_every_rule_has_a_planted_defect_that_tests_it():
    """Compare the messages of all rules with the declared mutations.

    Variants belong to their case: tests/core/standard/messages/test_figures.py for narrow places,
    tests/core/rules/test_rule_examples.py for others.
    """
    sentences = {
        f"{code} {case}".strip()
        for code, rule in load_all_rules().items()
        for case in rule.messages
        if not is_variant_key(case)
    }
    covered = {f"{one.rule} {one.case}".strip() for one in MUTATIONS}
    missing = sorted(sentences - covered - MESSAGES_WITHOUT_MUTATION.keys())
    assert not missing, f"{missing}: plant a defect for each (how: tests/mutations/__init__.py)"
    assert not MESSAGES_WITHOUT_MUTATION.keys() & covered, (
        f"{sorted(MESSAGES_WITHOUT_MUTATION.keys() & covered)}: is said now, take it out of without.toml"
    )
    assert MESSAGES_WITHOUT_MUTATION.keys() <= sentences


def test_planted_defects_have_unique_names():
    names = [one.name for one in MUTATIONS]
    assert len(set(names)) == len(names)


def test_comparison_rules_pass_when_the_plan_equals_its_sealed_baseline(base):
    report = base("sealed").report
    assert {r.code: str(r.outcome) for r in report.rules} == dict.fromkeys(SEALED_RULES, "passed")


def test_only_package_rules_read_package_facts():
    """Defects of the package alone are checked by these rules only, see `CountyDraft.report`."""
    readers = {path for path in CORE.rglob("*.py") if 'get_input("package"' in path.read_text(encoding="utf-8")}
    # Gathering reads the facts after an inspection, and has no rule.
    assert readers == {
        CORE / "package" / "rules" / "_package.py",
        CORE / "counties" / "gathering" / "inspect_county.py",
    }
    callers = {path for path in CORE.rglob("*.py") if "inspects_package" in path.read_text(encoding="utf-8")}
    assert {path.parent for path in callers} == {CORE / "package" / "rules"}
    assert len(PACKAGE_RULES) > 10


@pytest.mark.parametrize("one", first_of_each_daily(MUTATIONS, lambda one: one.rule), ids=lambda one: one.name)
def test_planted_defect_is_found_by_its_declared_rules(one, base, tmp_path):
    clean = base(one.base)
    draft = CountyDraft(clean.county, clean.options, tmp_path)
    place = one.plant(draft)
    with run_only(one.declared_codes):
        report = draft.report()
    assert_answer_is_declared(one, compare_reports(report, clean.report, one.declared_codes), place, draft)


@pytest.mark.exhaustive
@pytest.mark.parametrize("one", MUTATIONS, ids=lambda one: one.name)
def test_planted_defect_is_found_by_no_other_rule(one, base, tmp_path):
    """Run all rules afresh on the county with the defect."""
    clean = base(one.base)
    draft = CountyDraft(clean.county, clean.options, tmp_path)
    place = one.plant(draft)
    report = draft.report()
    codes = PACKAGE_RULES if draft.is_checked_as_package else None
    assert_answer_is_declared(one, compare_reports(report, clean.report, codes), place, draft)


def assert_answer_is_declared(one, answer, place, draft):
    """Compare the new findings and the rules that no longer run with what the mutation declares."""
    assert answer.found.keys() == {one.rule} | one.follows, answer.printed()
    assert one.finds in (None, len(answer.found[one.rule])), answer.printed()
    assert one.case in {f.case for f in answer.found[one.rule]}, answer.printed()
    assert answer.silent == one.silent, answer.printed()
    if place is not None:
        assert_found_there([f for f in answer.found[one.rule] if f.case == one.case], place, draft)


def assert_found_there(findings, place, draft):
    """Compare findings with the shape of the defect and its independent area.

    Whole features are measured by their vertices, parts along their edges.
    """
    planted = statutory_area([place])[0]
    for finding in findings:
        shape = finding.geometry
        layers = [draft.layers[role] for role in (finding.role, finding.related_role) if role in draft.layers]
        rows = [layer.geometry[layer.geometry.notna()] for layer in layers]
        whole = any(own.geom_equals(shape).any() for own in rows)
        (measured,) = (statutory_area if whole else measure_drawn_area)([shape])
        assert finding.area_m2 == pytest.approx(measured, rel=1e-9, abs=0.01)
    together = shapely.union_all([f.geometry for f in findings])
    assert shapely.symmetric_difference(together, place).area < 0.01 + 1e-9 * planted
