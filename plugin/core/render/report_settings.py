# SPDX-License-Identifier: GPL-2.0-or-later
"""The settings of the report: order of the problems, and limits of its lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Annotated

from ...paths import SIGNED_REPORT_SETTINGS
from ..base.files.data import EVERY_KEY, one_of, read_record, read_toml

#: Keys of the styles that a docx template must have.
DOCX_STYLES = (
    "title", "subtitle", "heading", "subheading", "body", "note", "cell", "verdict", "statement", "table", "grid",
)  # fmt: skip


@dataclass(frozen=True)
class DocxSettings:
    """What a docx template must have."""

    bookmark: str
    styles: dict[Annotated[str, one_of(*DOCX_STYLES), EVERY_KEY], str]


@dataclass(frozen=True)
class ReportSettings:
    """The settings of resources/reports/signed_report.toml.

    ``decisive_rules``: rules that decide a verdict, in this order; ``family_order``: order of the families of other
    rules; ``control_line_rules``: rules on overlaps of the three lines; ``indicator_rules``: kind of a figure
    (``ratio``, ``area``, ``township``) → rule whose findings repeat its state; ``length_limits``: list → largest number
    of its entries.
    """

    decisive_rules: tuple[str, ...] = field(metadata={"key": "order"})
    family_order: tuple[str, ...] = field(metadata={"key": "families"})
    control_line_rules: tuple[str, ...] = field(metadata={"key": "control_lines"})
    indicator_rules: dict[Annotated[str, one_of("ratio", "area", "township"), EVERY_KEY], str] = field(
        metadata={"key": "indicators"}
    )
    length_limits: dict[
        Annotated[str, one_of("decisive", "townships", "rows_per_rule", "rows", "pictures"), EVERY_KEY], int
    ] = field(metadata={"key": "limits"})
    docx: DocxSettings

    @property
    def docx_bookmark(self) -> str:
        """Return the bookmark in a template where the report goes."""
        return self.docx.bookmark

    @property
    def docx_styles(self) -> dict[str, str]:
        """Return key → name of a style in a template."""
        return self.docx.styles

    def make_sort_key(self, code: str) -> tuple[int, int]:
        """Return the sort key of a rule: its position among the deciding rules, then that of its family."""
        position = self.decisive_rules.index(code) if code in self.decisive_rules else len(self.decisive_rules)
        family = self.family_order.index(code[:3]) if code[:3] in self.family_order else len(self.family_order)
        return position, family


@cache
def load_report_settings() -> ReportSettings:
    """Return the settings of the report to be signed. Raise DataError for an unknown or missing key."""
    return read_record(ReportSettings, read_toml(SIGNED_REPORT_SETTINGS), file=SIGNED_REPORT_SETTINGS)
