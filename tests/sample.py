# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of the shipped sample, cached per process; tests must not change the results."""

from functools import cache

from plugin.core.check import CheckResult, Options, check_plan
from plugin.core.model.report import Report
from plugin.paths import SAMPLE


@cache
def checked_county(*rules: str) -> CheckResult:
    """Check the county without its town centre by the default rules and those named."""
    return check_plan(SAMPLE / "county.gpkg", Options(profile="hunyuan", rules=rules))


@cache
def sample_report(*rules: str) -> Report:
    """Check the whole folder by the default rules and those named."""
    return check_plan(SAMPLE, Options(profile="hunyuan", rules=rules)).report
