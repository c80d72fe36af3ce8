# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts of the panel 指标: rows of its table, facts on the expansion ratio, and what is not confirmed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from ...bridge import settings
from ...bridge.texts import tr
from ...core.render.words import ReportTexts
from ...core.standard.messages.numbers import format_number, format_signed_number

if TYPE_CHECKING:
    from ...core.model.indicator import Indicator
    from ..findings.result import CheckView

#: The form of the ratio that names the dial if no form has a limit.
_FIRST_FORM_ID = "expansion_ratio_n1"
#: What settings of the ratio, and doubts about its data, begin with.
_RATIO_ITEMS = "ratio."


@dataclass(frozen=True)
class IndicatorRow:
    """An indicator as texts of the table.

    ``before``, ``now``: value at the check and with the edits so far; ``change``: their difference with a sign; the
    unit is in ``target_with_unit`` or ``name_with_unit``. ``margin_share``: margin ÷ target, None without a target;
    ``kind``: kind of the state (`get_state_kind`); ``explanation``: formula, inputs and source of the target.
    """

    id: str
    name: str
    name_with_unit: str
    target: str
    target_with_unit: str
    before: str
    now: str
    change: str
    margin: str
    margin_share: float | None
    state: str
    kind: str
    explanation: str


def list_places(indicators: Iterable[Indicator]) -> list[str]:
    """Return the townships that have indicators, in their order in the report."""
    return list(dict.fromkeys(one.place for one in indicators if one.place and one.value is not None))


def find_limited_ratio(indicators: Sequence[Indicator]) -> Indicator | None:
    """Return the form of the expansion ratio that has the limit, else the first form; None without a ratio."""
    ratios = [one for one in indicators if one.unit == "ratio"]
    limited = (one for one in ratios if one.target is not None)
    return next(limited, next((one for one in ratios if one.id == _FIRST_FORM_ID), None))


def make_indicator_rows(
    checked: Sequence[Indicator],
    current: Sequence[Indicator],
    texts: ReportTexts,
    doubt_texts: Mapping[tuple[str, str], str],
) -> list[IndicatorRow]:
    """Return the rows of the table: all indicators but the ratio, those with a target first.

    ``checked``: the indicators of the check, all of one place; ``current``: the same with the edits so far;
    ``doubt_texts``: see `make_doubt_texts`.
    """
    pairs = [
        (before, now)
        for before, now in zip(checked, current, strict=True)
        if before.unit != "ratio" and now.value is not None
    ]
    counts = Counter((now.id, now.target_year) for _before, now in pairs)
    return [
        _make_row(*pair, texts, doubt_texts, names_source=counts[pair[1].id, pair[1].target_year] > 1)
        for pair in sorted(pairs, key=lambda pair: pair[1].target is None)
    ]


def _make_row(
    before: Indicator,
    now: Indicator,
    texts: ReportTexts,
    doubt_texts: Mapping[tuple[str, str], str],
    names_source: bool,
) -> IndicatorRow:
    """Return a row; ``names_source``: another plan has a target of the same indicator and year."""
    from ...core.render import figures

    decimals = figures.choose_decimals(now)
    name, unit = now.name or now.id, texts.get_text_or_key("unit", now.unit)
    if names_source and now.target_source:
        name = f"{name} · {now.target_source}"
    gap = "" if texts.lang == "zh" else " "
    return IndicatorRow(
        id=now.id,
        name=name,
        name_with_unit=f"{name}{gap}{texts.put_in_brackets(unit)}" if unit else name,
        target=figures.format_target_without_unit(now),
        target_with_unit=figures.format_target(now, texts),
        before=format_number(before.value, decimals),
        now=format_number(now.value, decimals),
        change=format_signed_number((now.value or 0.0) - (before.value or 0.0), decimals),
        margin=figures.format_margin(now, texts, has_unit=False),
        margin_share=None if now.margin is None or not now.target else now.margin / abs(now.target),
        state=figures.format_state(now, texts),
        kind=get_state_kind(now),
        explanation=explain_indicator(now, texts, doubt_texts),
    )


def get_state_kind(indicator: Indicator) -> str:
    """Return the kind of an indicator's state, which gives it icon and colour: ok, warning, error; empty for others."""
    from ...core.render.figures import STATE_ICONS

    icon = STATE_ICONS.get(indicator.state, "")
    # A small margin (接近) has the icon of notes in the report; here it warns.
    return "warning" if icon == "INFO" else icon


def explain_indicator(indicator: Indicator, texts: ReportTexts, doubt_texts: Mapping[tuple[str, str], str]) -> str:
    """Return formula, inputs, basis, source of the target, and what is not confirmed, in one text."""
    from ...core.render import figures

    parts = [
        f"{indicator.name or indicator.id} = {figures.format_indicator_value(indicator, texts)}",
        figures.format_inputs(indicator, texts),
        figures.format_basis(indicator, texts),
    ]
    if indicator.target is not None:
        target = figures.format_target(indicator, texts)
        parts.append(tr("target %1 (%2)").replace("%1", target).replace("%2", indicator.target_source or "—"))
    if not indicator.confirmed:
        parts.append(doubt_texts.get((indicator.id, indicator.place), ""))
    return texts.get("page", "clause").join(part for part in parts if part)


def describe_ratio(
    checked: Sequence[Indicator], current: Sequence[Indicator], texts: ReportTexts
) -> list[tuple[str, bool]]:
    """Return lines on the expansion ratio as (text, is secondary): limit, change, room left, other forms, base."""
    if (ratio := find_limited_ratio(current)) is None or ratio.value is None:
        return []
    from ...core.render import figures

    before = next(one for one in checked if one.id == ratio.id)
    decimals = figures.choose_decimals(ratio)
    lines: list[tuple[str, bool]] = []
    if ratio.target is not None:
        lines.append((tr("Limit %1").replace("%1", figures.format_target(ratio, texts)), False))
    change = tr("Last check %1, now %2").replace("%1", format_number(before.value, decimals))
    lines.append((change.replace("%2", format_number(ratio.value, decimals)), False))
    if ratio.margin is not None:
        area = figures.format_hectares(abs(ratio.margin) * ratio.inputs["denominator_m2"], texts)
        text = tr("May grow by %1") if ratio.margin >= 0 else tr("Must shrink by %1")
        lines.append((text.replace("%1", area), False))
    others = [one for one in current if one.unit == "ratio" and one.id != ratio.id and one.value is not None]
    if others:
        forms = (
            f"{one.id[-2:].upper()}\u00a0{format_number(one.value, figures.choose_decimals(one))}" for one in others
        )
        lines.append(("   ".join(forms), True))
    base = tr("Base %1: %2").replace("%1", str(ratio.inputs.get("base_year") or "—"))
    lines.append((base.replace("%2", figures.format_hectares(ratio.inputs["denominator_m2"], texts)), True))
    if not ratio.confirmed:
        lines.append((tr("Definition or data not confirmed*"), True))
    return lines


def make_doubt_texts(
    indicators: Iterable[Indicator], result: CheckView, texts: ReportTexts
) -> dict[tuple[str, str], str]:
    """Return (id, township) → what leaves an indicator of a check unconfirmed: settings, or doubts about its data."""
    from ...core.figures.indicators.compute import DEFINITIONS_SETTING
    from ...core.render.verdict import list_unconfirmed_items
    from ...core.standard.indicator_catalogue import load_catalogue

    norm, found = result.check_result.plan.norm, result.report.unconfirmed_items
    entries, templates = load_catalogue(norm.standard).indicator_by_id, norm.standard.templates
    unconfirmed_by_rule = {rule.code: rule.unconfirmed for rule in result.report.rules}
    clauses = {}
    for one in indicators:
        if one.confirmed:
            continue
        entry = entries.get(one.id)
        if one.unit == "ratio":
            items = [item for item in found if item.startswith(_RATIO_ITEMS)]
        elif entry is not None and entry.method == "rule":
            # The rule that computes the indicator records the settings, also those of its other indicators.
            others = entries.keys() - {one.id}
            items = [item for item in unconfirmed_by_rule.get(entry.rule, []) if item.rpartition(".")[2] not in others]
        else:
            is_marked = entry is not None and entry.mark == "C" and not norm.is_confirmed(DEFINITIONS_SETTING)
            items = [DEFINITIONS_SETTING] if is_marked else []
        doubts, names = list_unconfirmed_items(items, texts)
        role = str(one.inputs.get("layer", ""))
        layer = templates[role].name if role in templates else tr("its layers")
        if not one.backed:
            doubts.append(tr("areas of %1 contradict the shapes, or land is counted twice").replace("%1", layer))
        elif not items:
            doubts.append(tr("areas of %1 are missing, or follow from unconfirmed ones").replace("%1", layer))
        clauses[one.id, one.place] = tr("not confirmed*: %1").replace("%1", tr(", ").join((*names, *doubts)))
    return clauses


def compute_zone_shares(current: Sequence[Indicator]) -> dict[str, float]:
    """Return zone of the boundary (``concentrated``, ``flexible``, ``special``) → its share of the boundary, 0…1.

    Empty if the check has no such figures.
    """
    share = next((one for one in current if one.id == "boundary_concentrated_share"), None)
    if share is None:
        return {}
    inputs: dict[str, Any] = share.inputs
    areas = {kind: float(inputs[f"{kind}_m2"]) for kind in ("concentrated", "flexible", "special")}
    whole = sum(areas.values()) + float(inputs.get("uncoded_m2", 0.0))
    return {kind: area / whole for kind, area in areas.items()} if whole > 0 else {}


def list_changed_targets(before: Iterable[Indicator], after: Iterable[Indicator]) -> list[str]:
    """Return a line of rich text on each of the county's indicators with a target whose displayed figure changes."""
    from ...core.render import figures

    texts = ReportTexts(settings.get_interface_language())
    present = {(one.id, one.target): one for one in after if not one.place}
    lines = []
    for former in before:
        now = present.get((former.id, former.target))
        if former.place or former.target is None or now is None:
            continue
        values = [escape(figures.format_indicator_value(one, texts)) for one in (former, now)]
        if values[0] != values[1]:
            name, state = escape(now.name or now.id), figures.format_state(now, texts)
            text = tr("{name} {before} → <b>{after}</b> ({state})")
            lines.append(text.format(name=name, before=values[0], after=values[1], state=state))
    return lines
