"""Waivers of findings without a place compare the figures of the finding, so the figures are a promise.

`finding_figures.json` has the figures that earlier versions stored for the examples of each rule. A parameter that only
words a message goes into ``params["shown"]``, which no waiver compares. DOC006 is left out: its figures are sizes of the
files that its example makes.
"""

import json
from pathlib import Path

import pytest

from plugin.core.engine.waivers.waiver import PARAMETERS_WITHOUT_FIGURES, get_finding_figures
from plugin.core.model.rule import load_all_rules
from tests.rule_examples import run_failing_examples

FIGURES_PATH = Path(__file__).with_name("finding_figures.json")
STORED_FIGURES = json.loads(FIGURES_PATH.read_text(encoding="utf-8"))


def list_figures(code: str) -> dict[str, list[dict]]:
    """Return example → figures of its findings without a place."""
    rule = load_all_rules()[code]
    figures: dict[str, list[dict]] = {}
    for example, report in zip(rule.fails, run_failing_examples(code), strict=True):
        for finding in report.findings:
            if finding.code == code and finding.area_m2 is None:
                figures.setdefault(example.title, []).append(
                    {"case": finding.case, "field": finding.field, "figures": get_finding_figures(finding)}
                )
    return figures


@pytest.mark.parametrize("code", sorted(STORED_FIGURES))
def test_finding_figures_that_waivers_compare_equal_those_stored_by_earlier_versions(code):
    now, stored = list_figures(code), STORED_FIGURES[code]
    for figures in (one["figures"] for found in stored.values() for one in found):
        for name in PARAMETERS_WITHOUT_FIGURES:
            figures.pop(name, None)  # a waiver's are left out, too
    assert {title: now.get(title) for title in stored} == stored
