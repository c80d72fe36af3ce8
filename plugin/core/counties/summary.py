# SPDX-License-Identifier: GPL-2.0-or-later
"""The summary of a batch check: verdicts and figures of all counties, and its page (HTML).

The page has an overview map by verdict, verdicts and figures, progress, and maps of figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from ..model.indicator import (
    AREA_FIGURES,
    LITTLE_MARGIN_LEFT,
    MISSED_BY_ROUNDING,
    TARGET_MET,
    TARGET_MISSED,
    UNCONFIRMED_STATE,
    Indicator,
    convert_area,
)
from ..model.verdict import Verdict
from ..render.document.check_report import SectionNumbers
from ..render.figures import choose_decimals, format_indicator_value, format_target
from ..render.words import ReportTexts, fill_template
from ..standard import load_standard
from ..standard.messages.numbers import format_number
from ..standard.messages.texts import Texts
from .county_record import VERDICT_ORDER, BatchOptions, CountyRecord
from .overview_map import FROM_EXTENT, make_county_map

#: Columns of figures in the page and the layer: the expansion ratio with the limit, then the areas with targets.
RATIO_FIGURE = "expansion_ratio"
FIGURE_COLUMNS = (RATIO_FIGURE, *AREA_FIGURES)
#: Digits of a division's code that name its city, and those that name its province.
_CITY_DIGITS, _PROVINCE_DIGITS = 4, 2
TEMPLATE = "counties.html.j2"
#: Sizes of the maps in px.
_OVERVIEW_PX, _OVERVIEW_MAX_HEIGHT_PX, _SMALL_MAP_PX, _SMALL_MAP_MAX_HEIGHT_PX = 372.0, 470.0, 128.0, 150.0
_WIDE_PX, _WIDE_MAX_HEIGHT_PX = 700.0, 880.0
#: Class of a county without a verdict, and of a figure that cannot be judged: the symbols of the maps.
_NO_VERDICT = "none"
_CLASS_BY_FIGURE_STATE = {
    TARGET_MISSED: str(Verdict.FAILED),
    MISSED_BY_ROUNDING: str(Verdict.CONDITIONAL),
    LITTLE_MARGIN_LEFT: str(Verdict.CONDITIONAL),
    UNCONFIRMED_STATE: str(Verdict.CONDITIONAL),
    TARGET_MET: str(Verdict.PASSED),
}
_CLASSES = (*map(str, VERDICT_ORDER), _NO_VERDICT)
#: Most counties of a map with the legend next to it, and with verdicts in its labels.
_MAX_COUNTIES_OF_SMALL_MAP = 24
#: Most counties for which the page gives the reason; the workbook has all.
_MAX_REASONS = 20
#: Most rules without a complete check that the page names for a county.
_MAX_NAMED_RULES = 6


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

    paths = {
        one.name: make_report_paths(folders[one.name], tuple(one.forms))["html" if "html" in one.forms else "json"]
        for one in records
    }
    report_paths = {
        one.name: paths[one.name].relative_to(options.output).as_posix() if one.is_checked else "" for one in records
    }
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


def _list_verdict_counts(summary: BatchSummary, report_texts: ReportTexts) -> Iterator[dict[str, str]]:
    """Yield the entries of the legend: verdicts with the counties that have them."""
    for verdict in (*VERDICT_ORDER, None):
        records = summary.list_records(verdict)
        if records or verdict is not None:
            yield {
                "symbol": str(verdict or _NO_VERDICT),
                "label": report_texts.get("verdict", verdict)
                if verdict
                else report_texts.get("counties", "no_verdict"),
                "count": str(len(records)),
                "names": summary.join_names(records),
            }


def _list_progress(summary: BatchSummary, report_texts: ReportTexts) -> list[dict[str, Any]]:
    """Return the counties checked in this run, those kept from earlier ones, and those without verdict."""
    parts = {
        "new": [one for one in summary.records if one.is_checked and one.name in summary.new_names],
        "kept": [one for one in summary.records if one.is_checked and one.name not in summary.new_names],
        _NO_VERDICT: summary.list_records(None),
    }
    return [
        {
            "symbol": symbol,
            "label": report_texts.get("counties", f"progress_{symbol}"),
            "count": len(records),
            "names": summary.join_names(records),
        }
        for symbol, records in parts.items()
        if records
    ]


def _list_map_notes(summary: BatchSummary, report_texts: ReportTexts) -> list[str]:
    records_by_note = {
        "map_extent": [one for one in summary.records if one.outline_basis == FROM_EXTENT],
        "map_missing": [one for one in summary.records if not one.outline],
    }
    return [
        report_texts.get("counties", "map_note"),
        *(
            report_texts.get("counties", key, names=summary.join_names(records))
            for key, records in records_by_note.items()
            if records
        ),
    ]


def render_summary(summary: BatchSummary) -> str:
    """Return the summary as one HTML page without external resources."""
    report_texts = ReportTexts(summary.lang)
    reasons = _list_reasons(summary, report_texts)
    failed = len(summary.list_records(Verdict.FAILED))
    without_verdict = len(summary.list_records(None))
    incomplete = len(summary.list_records(Verdict.INCOMPLETE)) + without_verdict
    count = failed or incomplete or len(summary.list_records(summary.verdict))
    gap = report_texts.get("page", "separator")
    phases = dict.fromkeys(report_texts.get_text_or_key("phase", one.phase) for one in summary.records if one.phase)
    return fill_template(
        TEMPLATE,
        {
            "w": report_texts,
            "lang": {"zh": "zh-CN"}.get(summary.lang, summary.lang),
            "numbered": SectionNumbers(report_texts).number_title,
            "title": report_texts.get("counties", "title", area=summary.area_name),
            "subtitle": report_texts.get("counties", "subtitle", count=len(summary.records)),
            "facts": [
                (report_texts.get("counties", "fact_time"), summary.time.strftime("%Y-%m-%d %H:%M")),
                (report_texts.get("counties", "fact_phase"), gap.join(phases) or "—"),
                (
                    report_texts.get("head", "standard"),
                    gap.join(dict.fromkeys(one.standard for one in summary.records if one.standard)) or "—",
                ),
            ],
            "classes": _CLASSES,
            "map": _make_overview(summary, report_texts),
            "map_note": report_texts.join_sentences(_list_map_notes(summary, report_texts)),
            "headline": {
                "number": format_number(count, 0),
                "words": report_texts.get("counties", f"headline_{summary.verdict}"),
                "verdict": str(summary.verdict),
            },
            "statement": report_texts.get(
                "counties",
                "statement_partly" if without_verdict else "statement",
                checked=len(summary.records) - without_verdict,
                others=without_verdict,
                verdict=report_texts.get("verdict", str(summary.verdict)),
            ),
            "legend": list(_list_verdict_counts(summary, report_texts)),
            "reasons": reasons[:_MAX_REASONS],
            "more_reasons": max(len(reasons) - _MAX_REASONS, 0),
            "figure_columns": [_get_figure_title(column, summary.lang) for column in FIGURE_COLUMNS],
            "rows": [_make_row(one, summary, report_texts) for one in summary.records],
            "totals": [
                format_number(sum(one.counts.get(key, 0) for one in summary.records), 0)
                for key in ("errors", "warnings")
            ],
            "progress": _list_progress(summary, report_texts),
            "small_maps": [_make_small_map(summary, column, report_texts) for column in FIGURE_COLUMNS],
            "remarks": list_remarks(summary, report_texts),
        },
    )


def list_remarks(summary: BatchSummary, report_texts: ReportTexts) -> list[str]:
    """Return sentences on data of no county, and on counties that the totals count several times."""
    names = report_texts.join_parts(summary.ignored_names)
    records_by_code: dict[str, list[CountyRecord]] = {}
    for record in summary.records:
        records_by_code.setdefault(record.area_code, []).append(record)
    return [
        *([report_texts.get("counties", "ignored", names=names)] if summary.ignored_names else []),
        *(
            report_texts.get("counties", "repeated", names=summary.join_names(records), code=code, count=len(records))
            for code, records in records_by_code.items()
            if code and len(records) > 1
        ),
    ]


def _get_class(record: CountyRecord) -> str:
    """Return the symbol of a county: its verdict, or none."""
    return record.verdict if record.is_checked else _NO_VERDICT


def label_verdict(record: CountyRecord, report_texts: ReportTexts) -> str:
    """Return the verdict of a county in words, or why it has no verdict."""
    return (
        report_texts.get("verdict", record.verdict)
        if record.is_checked
        else report_texts.get("county_state", str(record.state))
    )


def _make_overview(summary: BatchSummary, report_texts: ReportTexts) -> Any:
    """Return the overview map with the class of each county; None if no county has an outline."""
    # A map of a province takes the width of the page, and its symbols have to suffice as verdicts.
    is_wide = len(summary.records) > _MAX_COUNTIES_OF_SMALL_MAP
    labels = {
        one.name: (summary.display_names[one.name], *(() if is_wide else (label_verdict(one, report_texts),)))
        for one in summary.records
    }
    width, max_height = (_WIDE_PX, _WIDE_MAX_HEIGHT_PX) if is_wide else (_OVERVIEW_PX, _OVERVIEW_MAX_HEIGHT_PX)
    drawn = make_county_map(
        {one.name: one.outline for one in summary.records}, labels, width, max_height, moves_labels=not is_wide
    )
    if drawn is None:
        return None
    return {
        "drawn": drawn,
        "leaders": [(*one.leader, one.x, one.y) for one in drawn.labels.values() if one.leader is not None],
        "is_wide": is_wide,
        "classes": {one.name: _get_class(one) for one in summary.records},
    }


def _list_reasons(summary: BatchSummary, report_texts: ReportTexts) -> list[dict[str, str]]:
    """Return why counties have no verdict or are incomplete: label, name and reason."""
    reasons = [
        {"label": label_verdict(one, report_texts), "name": summary.display_names[one.name], "text": one.reason}
        for one in summary.list_records(None)
    ]
    for one in summary.list_records(Verdict.INCOMPLETE):
        rules = [f"{row['code']} {row['title']}" for row in one.unchecked]
        reasons.append(
            {
                "label": label_verdict(one, report_texts),
                "name": summary.display_names[one.name],
                "text": report_texts.get(
                    "counties",
                    "unchecked_more" if len(rules) > _MAX_NAMED_RULES else "unchecked",
                    count=len(rules),
                    rules=report_texts.join_parts(rules[:_MAX_NAMED_RULES]),
                ),
            }
        )
    return reasons


def _get_figure_title(column: str, lang: str) -> str:
    """Return the title of a column of figures."""
    return (
        ReportTexts(lang).get("counties", "ratio") if column == RATIO_FIGURE else Texts(lang).get_indicator_name(column)
    )


def _make_row(record: CountyRecord, summary: BatchSummary, report_texts: ReportTexts) -> dict[str, Any]:
    """Return a county as a row of the table of verdicts and figures."""
    return {
        "name": summary.display_names[record.name],
        "code": record.area_code,
        "link": summary.report_paths[record.name],
        "symbol": _get_class(record),
        "label": label_verdict(record, report_texts),
        "counts": [format_number(record.counts.get(key), 0) for key in ("errors", "warnings")],
        "figures": [_make_figure_cell(record, column, report_texts) for column in FIGURE_COLUMNS],
    }


def _make_figure_cell(record: CountyRecord, column: str, report_texts: ReportTexts) -> dict[str, Any]:
    """Return margin (of a ratio the value) and target of a county's figure, and whether it misses the target."""
    figure = find_figure(record, column)
    target = format_target(figure, report_texts) if figure else ""
    if figure is None or figure.value is None:
        value = report_texts.get("counties", "not_computed") if record.is_checked else "—"
        return {"value": value, "target": target, "missed": False}
    missed = figure.state == TARGET_MISSED
    if figure.unit == "ratio" or figure.margin is None:
        if figure.unit == "m2":
            # An area without a target has the unit of such targets: 万亩 for net areas, km² for others.
            unit = "wan_mu" if figure.basis == "net" else "km2"
            figure = replace(figure, value=convert_area(figure.value, unit), unit=unit)
        return {"value": format_indicator_value(figure, report_texts), "target": target, "missed": missed}
    key = "left" if figure.margin >= 0 else "above" if figure.comparison == "<=" else "short"
    return {
        "value": report_texts.get("signed", key, amount=format_number(abs(figure.margin), choose_decimals(figure))),
        "target": target,
        "missed": missed,
    }


def _make_small_map(summary: BatchSummary, column: str, report_texts: ReportTexts) -> dict[str, Any]:
    """Return the map of one figure: class of each county by the state of its figure, and their numbers."""
    classes = {}
    for one in summary.records:
        figure = find_figure(one, column)
        classes[one.name] = str(Verdict.INCOMPLETE) if one.is_checked else _NO_VERDICT
        if figure is not None and figure.value is not None and figure.target is not None:
            classes[one.name] = _CLASS_BY_FIGURE_STATE.get(figure.state, classes[one.name])
    counts = Counter(classes.values())
    return {
        "title": _get_figure_title(column, summary.lang),
        "drawn": make_county_map(
            {one.name: one.outline for one in summary.records}, {}, _SMALL_MAP_PX, _SMALL_MAP_MAX_HEIGHT_PX
        ),
        "classes": classes,
        "counts": [(report_texts.get("counties", f"figure_{name}"), counts[name]) for name in _CLASSES if counts[name]],
    }
