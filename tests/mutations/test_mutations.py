# SPDX-License-Identifier: GPL-2.0-or-later
"""For each rule a defect in the clean county: exactly that rule answers, and those declared to follow."""

import importlib
import pkgutil
import tomllib
from pathlib import Path

import pytest

import tests.mutations
from plugin.core.report import Verdict
from plugin.core.rule import Severity, all_rules
from tests.county import templates
from tests.mutations.clean import ELSEWHERE
from tests.mutations.frame import MUTATIONS, Draft, difference

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


def test_the_clean_county_passes_the_whole_rule_book(base):
    report = base("county").report
    outcomes = {r.code: str(r.outcome) for r in report.rules}
    assert outcomes.keys() == all_rules().keys()
    wrong = [f"{f.code} {f.severity} {f.message}" for f in report.findings if f.severity is not Severity.INFO]
    assert not wrong, "\n".join(wrong)
    assert {code for code, one in outcomes.items() if one == "not_applicable"} == ELSEWHERE.keys()
    assert [f"{r.code} {r.reason}" for r in report.rules if r.incomplete or r.outcome in ("skipped", "crashed")] == []
    assert report.verdict is Verdict.PASS, report.summary


def test_layers_that_a_county_need_not_have_are_missed_by_no_rule(base, tmp_path):
    """The layers of the sample alone, and the historic buildings that the county's text counts."""
    clean = base("county")
    draft = Draft(clean.county, clean.options | {"scope": ""}, tmp_path)
    for role in draft.layers.keys() - {*templates.EDITIONS, "LSJZM", "LSJZD"}:
        draft.lose(role)
    report = draft.report()
    outcomes = {r.code: str(r.outcome) for r in report.rules}
    before = {r.code: str(r.outcome) for r in clean.report.rules}
    changed = {code for code, one in outcomes.items() if one != before[code]}
    assert {outcomes[code] for code in changed} == {"not_applicable"} and len(changed) > 10
    assert [f.message for f in report.findings if f.severity is not Severity.INFO] == []
    assert report.verdict is Verdict.PASS


@pytest.mark.parametrize("one", MUTATIONS, ids=lambda one: one.name)
def test_exactly_its_rule_answers(one, base, tmp_path):
    clean = base(one.base)
    draft = Draft(clean.county, clean.options, tmp_path)
    one.plant(draft)
    answer = difference(draft.report(), clean.report)
    assert answer.found.keys() == {one.rule} | one.follows, answer.told()
    assert one.finds in (None, len(answer.found[one.rule])), answer.told()
    assert one.case in {f.case for f in answer.found[one.rule]}, answer.told()
    assert answer.silent == one.silent, answer.told()
