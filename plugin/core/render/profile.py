# SPDX-License-Identifier: GPL-2.0-or-later
"""A standard and a profile, resolved together, as lines of text.

They are settings, rules, targets and registers, each with its source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

from ..engine.explanation import format_value
from ..model.indicator import COMPARISON_SIGNS
from ..model.rule import find_unit
from ..standard.conflicts import CONFLICT_MEANINGS, CONFLICTS_SECTION
from ..standard.messages.texts import Texts
from ..standard.profile import IndicatorTarget, Norm, StatedFigure
from ..standard.profile.resolved import RULE_DEFAULT_ORIGIN, STANDARD_ORIGIN, ResolvedValue, ValueOrigin, resolve_norm
from .rule_book import format_control_line_name
from .tables.report_table import compute_text_width
from .words import ReportTexts

_CONFLICT_SETTING_PREFIX = f"{CONFLICTS_SECTION}."
#: Widest cell (columns of a console) that other rows are aligned with; a longer one moves the rest of its row.
_MAX_ALIGNED_WIDTH = 40


def render_profile_lines(norm: Norm, report_texts: ReportTexts) -> Iterator[str]:
    """Yield a resolved profile as text: each heading, then its lines."""
    texts, laid = Texts(report_texts.lang), resolve_norm(norm)
    pairs = [value for value in laid.settings if value.key.startswith(_CONFLICT_SETTING_PREFIX)]
    plain_settings = [value for value in laid.settings if not value.key.startswith(_CONFLICT_SETTING_PREFIX)]
    rules = []
    for line in laid.rules:
        rule = norm.rules_by_code[line.code]
        runs = (
            ""
            if line.runs_by_default
            else report_texts.get("resolved", "asked", groups=report_texts.join_parts(line.groups) or line.code)
        )
        values = {
            "severity": report_texts.get("severity", line.severity),
            "origin": _format_origin(line.origin, report_texts),
            "runs": runs,
        }
        rules += [
            report_texts.get("resolved", "rule", code=line.code, title=texts.get_rule_title(rule), **values),
            *[f"  {text}" for text in _make_value_table(line.parameters, texts, report_texts, has_head=False)],
        ]
    area, profile = norm.profile.area_code, norm.profile
    other = [
        *[
            _format_figure_line(t, texts.get_indicator_name(t.indicator), texts.get("units", t.unit), report_texts)
            for t in profile.targets
            if t.area_code != area
        ],
        *[_format_stated_line(s, report_texts) for s in profile.stated_figures if s.area_code != area],
    ]
    # The pairs come last: there are many, and most come from the standard.
    pairs.sort(key=lambda value: (CONFLICT_MEANINGS.index(value.value), value.key))
    targets = norm.find_targets(area)
    sections: list[tuple[str, list[str], dict[str, int]]] = [
        ("settings", _make_value_table(plain_settings, texts, report_texts), {"count": len(plain_settings)}),
        ("rules", rules, {"count": sum(line.runs_by_default for line in laid.rules)}),
        ("targets", _make_target_table(targets, texts, report_texts), {"count": len(targets)}),
        (
            "stated",
            [_format_stated_line(one, report_texts) for one in norm.profile.stated_figures if one.area_code == area],
            {},
        ),
        (
            "register",
            [_format_register_line(asdict(one), texts) for one in norm.profile.register if one.area_code == area],
            {},
        ),
        ("others", other, {}),
        ("conflicts", [_format_control_line_pair(value, norm, texts, report_texts) for value in pairs], {}),
    ]
    yield from _make_head_lines(norm, report_texts)
    for key, lines, params in sections:
        if lines:
            yield from ("", report_texts.get("resolved", key, **{"count": len(lines), **params}))
            yield from (f"  {line}" for line in lines)


def convert_profile_to_dict(norm: Norm) -> dict[str, Any]:
    """Return a resolved profile as plain data."""
    profile, standard = norm.profile, norm.standard
    return {
        "profile": {"id": profile.id, "name": profile.name, "area_code": profile.area_code},
        "chain": [one.id for one in profile.list_base_profiles()],
        "standard": {"id": standard.id, "edition": standard.edition, "name": standard.name},
        "phase": norm.phase,
        "confirmed": {**profile.confirmed_by, "items": sorted(profile.confirmed), "singly": profile.confirmed_singly},
        "absent": sorted(profile.absent),
        "document": asdict(profile.document_info),
        **resolve_norm(norm).to_dict(),
        "targets": [asdict(t) for t in profile.targets],
        "stated": [asdict(s) for s in profile.stated_figures],
        "heritage_register": [asdict(line) for line in profile.register],
    }


def _make_head_lines(norm: Norm, report_texts: ReportTexts) -> Iterator[str]:
    """Return the lines on profile, bases, standard, phase, confirmation and document information."""
    profile, standard = norm.profile, norm.standard
    texts, colon = Texts(report_texts.lang), report_texts.get("page", "colon")
    base_profiles, info = profile.list_base_profiles()[1:], asdict(profile.document_info)
    values = [f"{report_texts.get('document', key)}{colon}{value}" for key, value in info.items() if value]
    line = partial(report_texts.get, "resolved")
    lines = [
        line("profile", name=profile.name or "—", id=profile.id or "—", code=profile.area_code or "—"),
        line("file", file=profile.path) if profile.path is not None else "",
        line("members", members=report_texts.join_parts(profile.member_areas)) if profile.member_areas else "",
        line("bases", bases=" ← ".join(f"{one.name} {one.id}" for one in base_profiles)) if base_profiles else "",
        line("standard", name=standard.name, id=standard.id, edition=standard.edition),
        line("phase", phase=report_texts.get_text_or_key("phase", norm.phase) if norm.phase else line("no_phase")),
        line("confirmed", items=report_texts.join_parts(sorted(profile.confirmed)) or "—", **profile.confirmed_by)
        if profile.confirmed_by
        else line("not_confirmed"),
        *(line("confirmed", items=item, **one) for item, one in profile.confirmed_singly.items()),
        line("document", values=report_texts.join_parts(values)) if values else "",
        line("absent", names=report_texts.join_parts(map(texts.get_concept_name, sorted(profile.absent))))
        if profile.absent
        else "",
    ]
    return filter(None, lines)


def _format_control_line_pair(value: ResolvedValue, norm: Norm, texts: Texts, report_texts: ReportTexts) -> str:
    """Return one line on a pair of control lines: their names and the meaning of shared land.

    ``value``: the setting of the pair (``conflicts.boundary-flood_line``).
    """
    sides = value.key.removeprefix(_CONFLICT_SETTING_PREFIX).split("-", 1)
    name = " × ".join(format_control_line_name(side, norm, texts) for side in sides)
    return report_texts.get(
        "resolved",
        "value",
        name=f"{name}　{value.key}",
        value=report_texts.get("rule_book", f"meaning_{value.value}"),
        mark=_format_mark(value, report_texts),
        origin=_format_origin(value.origin, report_texts),
    )


def _make_value_table(
    values: Iterable[ResolvedValue], texts: Texts, report_texts: ReportTexts, *, has_head: bool = True
) -> list[str]:
    """Return settings as the rows of a table: key, name, value with unit, mark, origin."""
    rows = []
    for value in values:
        name = texts.get_setting_name(value.key)
        unit = find_unit(value.key) or find_unit(value.key.rpartition(".")[0])
        rows.append(
            [
                value.key,
                "" if name == value.key else name,
                format_value(value.value, unit, texts),
                _format_mark(value, report_texts),
                _format_origin(value.origin, report_texts),
            ]
        )
    head = [report_texts.get("resolved_column", key) for key in ("key", "name", "value", "mark", "origin")]
    return _align_columns([head, *rows] if has_head else rows)


def _make_target_table(targets: Iterable[IndicatorTarget], texts: Texts, report_texts: ReportTexts) -> list[str]:
    """Return targets as the rows of a table: figure, value, unit, year, kind, source."""
    rows = []
    for target in targets:
        unit = texts.get("units", target.unit)
        also = [
            report_texts.get("resolved", "also", value=s.value, unit=unit, source=s.source)
            for s in target.other_sources
        ]
        rows.append(
            [
                texts.get_indicator_name(target.indicator),
                f"{COMPARISON_SIGNS[target.comparison]} {target.value} {unit}".strip(),
                str(target.year or "—"),
                target.binding or "—",
                " ".join([target.source, *also]),
            ]
        )
    head = [report_texts.get("resolved_column", key) for key in ("figure", "target", "year", "binding", "source")]
    return _align_columns([head, *rows]) if rows else []


def _align_columns(rows: list[list[str]]) -> list[str]:
    """Return rows as lines whose columns begin below each other on a console."""
    if not rows:
        return []
    widths = [
        max(min(compute_text_width(cell), _MAX_ALIGNED_WIDTH) for cell in column) for column in zip(*rows, strict=True)
    ]
    return [
        "  ".join(
            cell + " " * (width - compute_text_width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _format_mark(value: ResolvedValue, report_texts: ReportTexts) -> str:
    """Return the source mark of a setting in words, with its confirmation."""
    mark_text_key = "sure" if value.mark != "C" else "confirmed_c" if value.confirmed else "unconfirmed_c"
    return report_texts.get("resolved", mark_text_key, mark=value.mark or "—")


def _format_origin(origin: ValueOrigin, report_texts: ReportTexts) -> str:
    """Return the name of the rule default, standard or profile that sets a value."""
    if origin.kind == RULE_DEFAULT_ORIGIN:
        return report_texts.get("resolved", "of_rule")
    name = origin.id if origin.kind == STANDARD_ORIGIN else origin.name or origin.id
    return (
        name + report_texts.put_in_brackets(report_texts.get_text_or_key("phase", origin.phase))
        if origin.phase
        else name
    )


def _format_stated_line(stated_figure: StatedFigure, report_texts: ReportTexts) -> str:
    """Return a stated figure, which no layer gives, as one line of text."""
    name = (
        stated_figure.name + report_texts.put_in_brackets(stated_figure.note)
        if stated_figure.note
        else stated_figure.name
    )
    return _format_figure_line(stated_figure, name, stated_figure.unit, report_texts)


def _format_figure_line(figure: IndicatorTarget | StatedFigure, name: str, unit: str, report_texts: ReportTexts) -> str:
    """Return a target or stated figure as one line, with the values of other documents."""
    params = {
        "name": name,
        "sign": COMPARISON_SIGNS[figure.comparison],
        "value": figure.value,
        "unit": unit,
        "year": figure.year,
    }
    line = report_texts.get("resolved", "figure", binding=figure.binding or "—", source=figure.source, **params)
    also = [
        report_texts.get("resolved", "also", value=s.value, unit=unit, source=s.source) for s in figure.other_sources
    ]
    return " ".join([line, *also])


def _format_register_line(site_values: dict[str, Any], texts: Texts) -> str:
    """Return a row of the heritage register as one line: a number of sites, or one site with its areas.

    ``site_values``: the fields of a `RegisteredSite`.
    """
    if site_values["count"] is not None:
        return f"{site_values['term']} {site_values['count']}  {site_values['source']}"
    areas = [site_values[key] for key in ("area", "core_area", "control_area") if site_values[key]]
    unit = texts.get("units", site_values["unit"]) if site_values["unit"] else ""
    return f"{site_values['name']} {' / '.join(areas)} {unit}".strip() + f"  {site_values['source']}"
