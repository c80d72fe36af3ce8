# SPDX-License-Identifier: GPL-2.0-or-later
"""Notes of a gathering for the package and its tables: left-out counties and layers, editions, repeated keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ...package.problems import MAX_NAMED_FEATURES, ExportProblem, ProblemLevel
from ...standard.messages.texts import Message, MessageList

if TYPE_CHECKING:
    from ...package.slot_files import FilledSlot
    from ...standard.profile import Norm
    from .gathered_counties import GatherResult


def find_gathering_problems(
    result: GatherResult, norm: Norm, filled_slots: Iterable[FilledSlot]
) -> Iterator[ExportProblem]:
    """Yield what concerns several counties: repeated keys stop the package unless it is forced, others are notes."""
    for one in result.repeated_keys:
        params = {"first": one.first_county, "second": one.second_county}
        yield ExportProblem(ProblemLevel.GATE, "gather_keys", count=one.count, features=one.examples, params=params)
    if result.refused:
        names = tuple(one.name for one in result.refused[:MAX_NAMED_FEATURES])
        yield ExportProblem(ProblemLevel.NOTE, "gather_left_out", count=len(result.refused), features=names)
    for county in result.gathered:
        yield from (
            ExportProblem(ProblemLevel.NOTE, "gather_gaps", params={"county": county.label, "gap": gap})
            for gap in county.gaps
        )
    yield from _find_left_out_layers(result)
    yield from _find_renamed_layers(result, norm)
    yield from _find_editions(result)
    # Documents that an export makes from its check, and that the office did not provide.
    levels = {"M": ProblemLevel.GATE, "C": ProblemLevel.NOTE}
    for filled in filled_slots:
        slot = filled.slot
        if slot.generated and not filled.file_paths and slot.need in levels:
            yield ExportProblem(
                levels[slot.need],
                "document_not_made",
                params={"title": slot.title, "reason": Message("gathering", "document_reason")},
            )
    # Figures of a whole plan need all its layers in memory.
    yield from (
        ExportProblem(ProblemLevel.NOTE, "gather_not_checked", count=len(result.gathered)),
        ExportProblem(ProblemLevel.NOTE, "tables_not_made", params={"reason": Message("gathering", "tables_reason")}),
    )


def _find_left_out_layers(result: GatherResult) -> Iterator[ExportProblem]:
    """Yield a note for each layer that the parent's database or specification lacks, with its rows and counties."""
    rows: dict[tuple[str, bool], list[int | None]] = {}
    counties: dict[tuple[str, bool], list[str]] = {}
    for county in result.gathered:
        for name, count in county.left_out.items():
            key = (name, name in county.unspecified)
            rows.setdefault(key, []).append(count)
            counties.setdefault(key, []).append(county.name)
    for (name, is_unspecified), names in counties.items():
        counts = rows[name, is_unspecified]
        known = [one for one in counts if one is not None]
        text = "gather_layer_unspecified" if is_unspecified else "gather_layer_left_out"
        params: dict[str, int] = {"rows": sum(known)}
        if len(known) < len(counts):
            text, params = f"{text}_uncounted", {}
        yield ExportProblem(ProblemLevel.NOTE, text, name, "", len(names), tuple(names[:MAX_NAMED_FEATURES]), params)


def _find_renamed_layers(result: GatherResult, norm: Norm) -> Iterator[ExportProblem]:
    """Yield a note on each layer that has another code in packages of counties."""
    counties: dict[tuple[str, str], list[str]] = {}
    for county in result.gathered:
        for pair in county.renamed.items():
            counties.setdefault(pair, []).append(county.name)
    for (source, target), names in counties.items():
        params = {"source": source, "title": norm.standard.templates[target].name}
        yield ExportProblem(
            ProblemLevel.NOTE, "gather_renamed", target, "", len(names), tuple(names[:MAX_NAMED_FEATURES]), params
        )


def _find_editions(result: GatherResult) -> Iterator[ExportProblem]:
    """Yield a note if counties were made by different standards or editions, or by different versions of the plugin."""
    for key in ("standard", "version"):
        counties: dict[str, list[str]] = {}
        for county in result.gathered:
            counties.setdefault(getattr(county, key), []).append(county.name)
        if len(counties) > 1:
            parts = []
            for edition, names in counties.items():
                text = "edition_of_county" if len(names) == 1 else "edition_of_counties"
                params = {"edition": edition or "—", "count": len(names), "county": names[0]}
                parts.append(Message("gathering", text, params))
            yield ExportProblem(ProblemLevel.NOTE, f"gather_{key}s", params={"found": MessageList(tuple(parts))})
