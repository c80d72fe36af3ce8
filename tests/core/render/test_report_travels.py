# SPDX-License-Identifier: GPL-2.0-or-later
"""A report is handed on: no folder of the machine it was made on, no user name, is in it."""

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
def test_no_folder_in_json_or_html(path, error, outcome):
    plan, report = report_with(error(path))
    assert report.rules[0].outcome is outcome and report.verdict is Verdict.INCOMPLETE
    for text in (to_json(report), render_report(report, plan.norm)):
        assert "a.gpkg" in text
        assert "zhang" not in text and "机密" not in text


def test_a_run_of_no_rule_is_no_pass():
    assert run_check(plan_of({"farmland": [SQUARE]}), []).verdict is Verdict.INCOMPLETE
