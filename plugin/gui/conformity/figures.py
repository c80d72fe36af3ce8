# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts and figures of a reviewed project as the panel shows them; made in the thread of the review."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...bridge.texts import tr
from ...core.standard.messages.texts import Texts

if TYPE_CHECKING:
    from ...core.studies.projects.reviewed_project import (
        ConformityResult,
        LineItem,
        ProjectResult,
        ReviewItem,
        ZoneItem,
    )

#: Icon by outcome; 只列出 has none.
ICON_BY_OUTCOME = {
    "conforms": "ok",
    "conditional": "warning",
    "undetermined": "skipped",
    "fails": "error",
    "listed": "",
}
DASH = "—"
_FARMLAND, _BOUNDARY = "farmland", "boundary"
#: Lines that are not hatched: cultivated land covers most of what is drawn, and is listed by class.
_UNHATCHED_LINES = ("cultivated", "cultivated_target", "county")
#: Notes on rows of a file: the panel states a missing use and several townships elsewhere, and names each project.
_SILENT_NOTES = ("note_no_name", "note_no_use", "note_townships")


@dataclass(frozen=True)
class Reason:
    """Why the verdict is what it is.

    ``short``: its first part, without the remedy; ``mark``: of the source, or empty; ``asks``: what the user
    can enter, ``approval``, or the meaning of fields that contradict each other; ``choices``: (field, text) of these.
    """

    outcome: str
    text: str
    short: str
    mark: str = ""
    source: str = ""
    asks: str = ""
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class LineRow:
    """A row of the table of lines and zones. ``is_main``: occupied and judged, to be shown in bold."""

    name: str
    occupied: str
    basis: str
    outcome: str
    word: str
    tip: str
    is_main: bool = False


@dataclass(frozen=True)
class ClassRow:
    """Land of one class. ``share``: of the project, from 0 to 1."""

    code: str
    name: str
    area: str
    share_text: str
    share: float


@dataclass(frozen=True)
class OccupiedShape:
    """Occupied land to be hatched on the map. ``line``: id of the control line; ``wkb``: in the plan's plane."""

    line: str
    wkb: bytes


@dataclass(frozen=True)
class PanelFigures:
    """What the panel shows on one project; without a verdict only ``remarks``.

    ``area_m2``: 图斑椭球面积; ``tip``: lines at the mouse, the first after the verdict and the area.
    """

    verdict: str = ""
    verdict_word: str = ""
    area: str = DASH
    area_m2: float | None = None
    township: str = ""
    has_use: bool = True
    reasons: tuple[Reason, ...] = ()
    lines: tuple[LineRow, ...] = ()
    classes: tuple[ClassRow, ...] = ()
    class_year: str = ""
    ownership: str = ""
    duties: tuple[str, ...] = ()
    missing: str = ""
    remarks: tuple[str, ...] = ()
    tip: tuple[str, ...] = ()
    shapes: tuple[OccupiedShape, ...] = ()


def describe_review(result: ConformityResult) -> dict[int, PanelFigures]:
    """Return the figures on each project of a review, by its position in the request."""
    texts = Texts(result.lang)
    found = {one.project.row - 1: _describe_project(one, result, texts) for one in result.results}
    crossing = tr("The outline crosses itself; nothing is computed. Move or undo this point.")
    for position in range(result.row_count):
        if position not in found:
            # Why it was not reviewed; for crossing edges with the remedy while drawing.
            notes = [note.message for note in result.notes if note.row == position + 1]
            found[position] = PanelFigures(
                remarks=tuple(crossing if one.key == "note_invalid" else one.render(texts) for one in notes)
            )
    return found


def _describe_project(one: ProjectResult, result: ConformityResult, texts: Texts) -> PanelFigures:
    from ...core.studies.projects.review_sentences import get_outcome_name

    has_use = bool(one.project.use_code)
    notes = [note for note in one.notes if note.level != "info" and note.message.key not in _SILENT_NOTES]
    absent = {line.id for line in one.lines if not line.is_present and line.area_m2 is None}
    known = {line.id for line in one.lines}
    sums: Counter[str] = Counter()
    for item in one.classes:
        sums[item.ownership] += item.area_m2
    return PanelFigures(
        str(one.verdict),
        get_outcome_name(one.verdict, texts),
        tr("{number} ha").format(number=_hectares(one.project.statutory_m2)),
        one.project.statutory_m2,
        tr(", ").join(item.name for item in one.named_townships),
        has_use,
        tuple(_list_reasons(one, texts)),
        tuple(_list_lines(one, texts)),
        tuple(_list_classes(one, texts)),
        str(result.plan.base_year or ""),
        "  ".join(
            f"{name or tr('unknown')} {tr('{number} ha').format(number=_hectares(area))}"
            for name, area in sums.most_common()
        ),
        # What must be supplemented and compensated.
        tuple(
            tr("{duty} {area} ha ({basis})").format(
                duty=texts.get("conformity", f"supplement_{item.id}"),
                area=_hectares(item.statutory_m2 if item.occupied_m2 is None else item.occupied_m2),
                basis=texts.get("conformity", "basis_statutory" if item.occupied_m2 is None else "basis_net"),
            )
            for item in one.supplements
        ),
        tr(", ").join(
            [
                item.name.render(texts)
                for item in one.missing
                if item.id in absent or (item.id not in known and not item.id.startswith(("zone_", "gaps_")))
            ]
        ),
        tuple(note.message.render(texts) for note in notes),
        # The occupied lines that decide, with their areas, for the mouse.
        tuple(
            tr("{line} {area} ha ({basis})").format(
                line=line.name.render(texts),
                area=_hectares(line.leading_m2),
                basis=texts.get("conformity", f"basis_{line.basis}"),
            )
            for line in one.lines
            if line.area_m2 and line.id != _BOUNDARY and str(line.outcome) != "listed"
        ),
        tuple(
            OccupiedShape(line.id, line.shape.wkb)
            for line in one.lines
            if line.area_m2 and line.id not in _UNHATCHED_LINES and line.shape is not None
        ),
    )


def _hectares(area_m2: float | None) -> str:
    """Return an area as a number of hectares; a dash without one."""
    from ...core.standard.messages.numbers import format_hectare_number

    return "0" if area_m2 == 0 else format_hectare_number(area_m2)


def _list_reasons(one: ProjectResult, texts: Texts) -> Iterator[Reason]:
    """Yield why the verdict is not 符合; missing layers and, without a use, zones are stated elsewhere."""
    from ...core.studies.projects.review_sentences import rank_item, shorten_reason
    from ...core.studies.projects.reviewed_project import Outcome, ProjectDoubt

    has_use = bool(one.project.use_code)
    # Doubts, lines and zones, the gravest first.
    items: list[ReviewItem] = [*one.project.doubts, *one.lines, *one.zones]
    judged = [item for item in items if item.outcome not in (Outcome.CONFORMS, Outcome.LISTED)]
    for item in sorted(judged, key=rank_item):
        text = item.reason.render(texts)
        if isinstance(item, ProjectDoubt):
            asks = item.meaning if item.choices else ""
            yield Reason(str(item.outcome), text, text, asks=asks, choices=item.choices)
            continue
        line_id = getattr(item, "id", "")
        if getattr(item, "is_present", True) and (has_use or line_id):
            asks = "approval" if line_id == _FARMLAND and not one.project.approval else ""
            source = item.rule.source.render(texts) if item.rule else ""
            # What lacks for a conclusion, and a condition, are in the part that would be left out.
            is_whole = item.outcome in (Outcome.UNDETERMINED, Outcome.CONDITIONAL)
            short = text if is_whole else shorten_reason(text, texts)
            yield Reason(str(item.outcome), text, short, item.mark, source, asks)
    for gap in one.missing:
        if gap.id.startswith("gaps_"):
            text = gap.missing.render(texts)
            yield Reason("undetermined", text, text)
    if one.heritage is not None:
        text = one.heritage.message.render(texts)
        yield Reason("conditional", text, shorten_reason(text, texts), one.heritage.mark)


def _list_lines(one: ProjectResult, texts: Texts) -> Iterator[LineRow]:
    """Yield a row for each line, planning zone and main function."""
    from ...core.studies.projects.review_sentences import get_outcome_name

    for line in one.lines:
        if str(line.weight) == "listed":
            # The missing layers that do not count are named together below.
            continue
        occupied, basis = _hectares(line.leading_m2), texts.get("conformity", f"basis_{line.basis}")
        name = line.name.render(texts)
        if not line.is_present and line.area_m2 is None:
            occupied, basis = DASH, tr("layer missing")
        elif line.outside_m2 is not None and line.area_m2 is not None:
            name = tr("{line}, inside / outside").format(line=name)
            occupied = f"{_hectares(line.area_m2)} / {_hectares(line.outside_m2)}"
        yield LineRow(
            name,
            occupied,
            basis,
            str(line.outcome),
            get_outcome_name(line.outcome, texts),
            _make_tip(line, texts),
            bool(line.area_m2 and line.outcome in ("fails", "undetermined", "conditional")),
        )
    for zone in one.zones:
        yield LineRow(
            tr("Planning zone {name}").format(name=zone.name or DASH),
            _hectares(zone.area_m2),
            texts.get("conformity", "basis_statutory"),
            str(zone.outcome),
            get_outcome_name(zone.outcome, texts),
            _make_tip(zone, texts),
        )
    for item in one.functions:
        name = tr("Main function {name}").format(name=item.name)
        word = texts.get("conformity", "outcome_listed")
        yield LineRow(name, _hectares(item.area_m2), texts.get("conformity", "basis_statutory"), "listed", word, name)


def _make_tip(item: LineItem | ZoneItem, texts: Texts) -> str:
    """Return reason, source and mark of an item."""
    reason = item.reason.render(texts)
    if item.rule is None:
        return reason
    source = tr("Source: {source} ({mark})").format(source=item.rule.source.render(texts), mark=item.mark)
    return f"{reason}\n{source}"


def _list_classes(one: ProjectResult, texts: Texts) -> Iterator[ClassRow]:
    """Yield the land classes, the largest first, and land without a parcel."""
    sums: Counter[tuple[str, str]] = Counter()
    for item in one.classes:
        sums[item.code, item.name] += item.area_m2
    rows = sums.most_common()
    if one.unclassified_m2 and one.classes:
        rows.append((("", texts.get("conformity", "unclassified")), one.unclassified_m2))
    for (code, name), area in rows:
        share = area / one.project.statutory_m2
        yield ClassRow(code, name, _hectares(area), f"{share:.2%}", share)
