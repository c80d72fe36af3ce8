# SPDX-License-Identifier: GPL-2.0-or-later
"""The summary of a batch check: verdicts and figures of all counties."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from ..model.indicator import AREA_FIGURES, Indicator
from ..model.verdict import Verdict
from ..render.words import ReportTexts
from ..standard import load_standard
from ..standard.messages.texts import Texts
from .county_record import VERDICT_ORDER, BatchOptions, CountyRecord

#: Columns of figures in the page and the layer: the expansion ratio with the limit, then the areas with targets.
RATIO_FIGURE = "expansion_ratio"
FIGURE_COLUMNS = (RATIO_FIGURE, *AREA_FIGURES)
#: Digits of a division's code that name its city, and those that name its province.
_CITY_DIGITS, _PROVINCE_DIGITS = 4, 2


@dataclass(frozen=True)
class BatchSummary:
    """The results of all counties of a batch, in order.

    ``report_paths``: name of a county → path of its report from the output folder, empty without a report;
    ``new_names``: counties checked in this run, the others have results of earlier runs; ``ignored_names``: data in the
    folder that belong to no county.
    """

    records: tuple[CountyRecord, ...]
    report_paths: Mapping[str, str]
    new_names: frozenset[str]
    ignored_names: tuple[str, ...]
    lang: str
    time: datetime

    @property
    def verdict(self) -> Verdict:
        """Return the worst verdict of a county; a county without a verdict counts as incomplete."""
        verdicts = {Verdict(one.verdict) if one.is_checked else Verdict.INCOMPLETE for one in self.records}
        return next(verdict for verdict in VERDICT_ORDER if verdict in verdicts)

    def list_records(self, verdict: Verdict | None) -> list[CountyRecord]:
        """Return the records with a verdict; None for the counties without one."""
        return [one for one in self.records if (Verdict(one.verdict) if one.is_checked else None) == verdict]

    @cached_property
    def display_names(self) -> dict[str, str]:
        """Return name of a county in the batch → name on pages and in tables.

        It is the county's name from its data. Counties without one have the name in the batch, and those with the same
        one have both.
        """
        counts = Counter(one.area_name for one in self.records)
        return {
            one.name: one.name
            if not one.area_name
            else one.area_name
            if counts[one.area_name] == 1
            else Texts(self.lang).get("counties", "same_name", name=one.area_name, source=one.name)
            for one in self.records
        }

    def join_names(self, records: Iterable[CountyRecord]) -> str:
        """Return the names of counties in a list."""
        return ReportTexts(self.lang).join_parts(self.display_names[one.name] for one in records)

    @property
    def area_name(self) -> str:
        """Return the name of the city or province of which all counties with a code are a part, else empty."""
        codes = {one.area_code for one in self.records if one.area_code}
        divisions = load_standard("county_db").code_lists.get("divisions")
        for digits in (_CITY_DIGITS, _PROVINCE_DIGITS):
            parents = {code[:digits].ljust(6, "0") for code in codes}
            if len(parents) == 1 and divisions is not None and (parent := parents.pop()) in divisions.entry_by_code:
                return str(divisions.entry_by_code[parent].name)
        return ""


def make_summary(
    records: list[CountyRecord],
    folders: Mapping[str, Path],
    options: BatchOptions,
    new_names: frozenset[str],
    ignored_names: tuple[str, ...],
) -> BatchSummary:
    """Return the summary of records. ``folders``: name of a county → its folder in the output."""
    from .check_county import make_report_paths

    report_paths = {}
    for record in records:
        form = "html" if "html" in record.forms else "json"
        path = make_report_paths(folders[record.name], tuple(record.forms))[form]
        report_paths[record.name] = path.relative_to(options.output).as_posix() if record.is_checked else ""
    return BatchSummary(
        tuple(records), report_paths, new_names, ignored_names, options.check.lang, datetime.now().astimezone()
    )


def find_figure(record: CountyRecord, figure: str) -> Indicator | None:
    """Return a county's figure of a column (`FIGURE_COLUMNS`); None if the county has none."""
    for data in record.figures:
        is_ratio_with_limit = figure == RATIO_FIGURE and data["unit"] == "ratio" and data["target"] is not None
        if data["id"] == figure or is_ratio_with_limit:
            return Indicator.from_dict(data)
    return None
