# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports of the shipped sample, cached per process; tests must not change them."""

from functools import cache

from plugin.core.checks.check import CheckResult, RunOptions, check_plan
from plugin.core.model.report import Report
from plugin.paths import SAMPLE_FOLDER


@cache
def check_sample_county(*rules: str) -> CheckResult:
    """Check the sample without its central urban area.

    The default rules and the named ones run.
    """
    return check_plan(SAMPLE_FOLDER / "county.gpkg", RunOptions(profile="hunyuan", rules=rules))


@cache
def check_sample_folder(*rules: str) -> Report:
    """Check the whole sample folder; return the report.

    The default rules and the named ones run.
    """
    return check_plan(SAMPLE_FOLDER, RunOptions(profile="hunyuan", rules=rules)).report
