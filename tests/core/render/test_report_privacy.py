# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports contain no folders or user names of the machine that wrote them."""

import dataclasses

import pytest

from plugin.core.errors import InputError
from plugin.core.model.report import Outcome
from plugin.core.model.rule import all_rules
from plugin.core.model.verdict import Verdict
from plugin.core.render.html import render_report
from plugin.core.render.outputs import to_json
from plugin.core.results.run import run_check
from tests.core.examples import plan_of

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
PATHS = ["/home/zhang/机密/a.gpkg", r"C:\Users\zhang san\机密\a.gpkg"]


def report_with(error):
    def broken(*layers, ctx):
        raise error

    rules = all_rules()
    plan = plan_of({"farmland": [SQUARE], "red_line": [SQUARE]})
    plan.source = PATHS[0]
    return plan, run_check(plan, [dataclasses.replace(rules["REL001"], function=broken), rules["GEO001"]])


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        pytest.param(lambda p: FileNotFoundError(2, "No such file", p), Outcome.CRASHED, id="crash"),
        pytest.param(lambda p: InputError("source_missing", source=p), Outcome.SKIPPED, id="skip"),
    ],
)
def test_json_and_html_contain_no_folder(path, error, outcome):
    plan, report = report_with(error(path))
    assert report.rules[0].outcome is outcome and report.verdict is Verdict.INCOMPLETE
    for text in (to_json(report), render_report(report, plan.norm)):
        assert "a.gpkg" in text
        assert "zhang" not in text and "机密" not in text


def test_run_without_rules_does_not_pass():
    assert run_check(plan_of({"farmland": [SQUARE]}), []).verdict is Verdict.INCOMPLETE
