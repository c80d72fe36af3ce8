# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports contain no folders and no user name of the machine."""

import dataclasses

import pytest

from plugin.core.errors import InputError
from plugin.core.examples.plans import make_example_plan
from plugin.core.model.report import Outcome
from plugin.core.model.rule import load_all_rules
from plugin.core.model.verdict import Verdict
from plugin.core.render.html import render_report
from plugin.core.render.outputs import report_to_json
from plugin.core.results.run import run_check

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
LOCAL_PATHS = ["/home/zhang/机密/a.gpkg", r"C:\Users\zhang san\机密\a.gpkg"]


def check_with_crashing_rule(error):
    def raise_error_with_path(*layers, ctx):
        raise error

    rules = load_all_rules()
    plan = make_example_plan({"farmland": [SQUARE], "red_line": [SQUARE]})
    plan.source = LOCAL_PATHS[0]
    return plan, run_check(
        plan, [dataclasses.replace(rules["REL001"], function=raise_error_with_path), rules["GEO001"]]
    )


@pytest.mark.parametrize("path", LOCAL_PATHS)
@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        pytest.param(lambda p: FileNotFoundError(2, "No such file", p), Outcome.CRASHED, id="crash"),
        pytest.param(lambda p: InputError("source_missing", source=p), Outcome.SKIPPED, id="skip"),
    ],
)
def test_json_and_html_reports_contain_no_folder_of_the_machine(path, error, outcome):
    plan, report = check_with_crashing_rule(error(path))
    assert report.rules[0].outcome is outcome and report.verdict is Verdict.INCOMPLETE
    for text in (report_to_json(report), render_report(report, plan.norm)):
        assert "a.gpkg" in text
        assert "zhang" not in text and "机密" not in text


def test_report_of_a_check_without_rules_does_not_pass():
    assert run_check(make_example_plan({"farmland": [SQUARE]}), []).verdict is Verdict.INCOMPLETE
