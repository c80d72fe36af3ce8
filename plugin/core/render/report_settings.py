# SPDX-License-Identifier: GPL-2.0-or-later
"""The settings of the report: order of the problems, and limits of its lists."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ...paths import SIGNED_REPORT_SETTINGS
from ..base.files.data import check_keys, check_type, read_toml, read_value

#: Keys of the styles that a docx template must have.
DOCX_STYLES = (
    "title", "subtitle", "heading", "subheading", "body", "note", "cell", "verdict", "statement", "table", "grid",
)  # fmt: skip


@dataclass(frozen=True)
class ReportSettings:
    """The settings of resources/reports/signed_report.toml.

    ``decisive_rules``: rules that decide a verdict, in this order; ``family_order``: order of the families of other
    rules; ``control_line_rules``: rules on overlaps of the three lines; ``indicator_rules``: kind of a figure
    (``ratio``, ``area``, ``township``) → rule whose findings repeat its state; ``length_limits``: list → largest number
    of its entries; ``docx_bookmark``: the bookmark in a template where the report goes; ``docx_styles``: key → name
    of a style in a template.
    """

    decisive_rules: tuple[str, ...]
    family_order: tuple[str, ...]
    control_line_rules: tuple[str, ...]
    indicator_rules: dict[str, str]
    length_limits: dict[str, int]
    docx_bookmark: str
    docx_styles: dict[str, str]

    def make_sort_key(self, code: str) -> tuple[int, int]:
        """Return the sort key of a rule: its position among the deciding rules, then that of its family."""
        position = self.decisive_rules.index(code) if code in self.decisive_rules else len(self.decisive_rules)
        family = self.family_order.index(code[:3]) if code[:3] in self.family_order else len(self.family_order)
        return position, family


@cache
def load_report_settings() -> ReportSettings:
    """Return the settings of the report to be signed. Raise DataError for an unknown or missing key."""
    path = SIGNED_REPORT_SETTINGS
    table = read_toml(path)
    check_keys(
        table, required=("order", "families", "control_lines", "indicators", "limits", "docx"), allowed=(), file=path
    )
    indicator_rules = read_value(table["indicators"], dict[str, str], file=path, key="indicators")
    check_keys(indicator_rules, required=("ratio", "area", "township"), allowed=(), file=path, where="indicators")
    limits = table["limits"]
    limit_names = ("decisive", "townships", "rows_per_rule", "rows", "pictures")
    check_keys(limits, required=limit_names, allowed=(), file=path, where="limits")
    read_value(limits, dict[str, int], file=path, key="limits")
    order, families, control_lines = (
        tuple(check_type(table[key], list, file=path, key=key)) for key in ("order", "families", "control_lines")
    )
    docx = table["docx"]
    check_keys(docx, required=("bookmark", "styles"), allowed=(), file=path, where="docx")
    styles = docx["styles"]
    check_keys(styles, required=DOCX_STYLES, allowed=(), file=path, where="docx.styles")
    return ReportSettings(order, families, control_lines, indicator_rules, limits, docx["bookmark"], styles)
