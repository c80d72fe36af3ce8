# SPDX-License-Identifier: GPL-2.0-or-later
"""A gathering as sentences, for console and log, and as notes for the package and its tables.

Notes are on left-out counties and layers, editions, and repeated keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ...package.problems import MAX_NAMED_FEATURES, ExportProblem, ProblemLevel
from ...standard.messages.texts import Message, MessageList, Texts, strip_folders
from .gathered_counties import GatheredCounty, GatherResult, GatherState

if TYPE_CHECKING:
    from ...package.slot_files import FilledSlot
    from ...standard.profile import Norm


#: Problems that the console lists; the workbook has all.
_MAX_LISTED = 20


def describe_reasons(county: GatheredCounty, texts: Texts) -> str:
    """Return why a county is refused, as one text without folders of this machine."""
    return strip_folders(" ".join(part.render(texts) for part in county.reasons))


def describe_county(county: GatheredCounty, texts: Texts) -> str:
    """Return the result of a county as a line."""
    if county.state is GatherState.NOT_GATHERED:
        return texts.get("gathering", "not_gathered_line", name=county.name)
    if county.is_refused:
        return texts.get("gathering", "refused_line", name=county.name, reasons=describe_reasons(county, texts))
    verdict = texts.get("verdicts", county.summary["verdict"])
    rows = sum(one.rows for one in county.layers.values())
    return texts.get(
        "gathering",
        "county_line",
        name=county.name,
        verdict=verdict,
        rows=rows,
        **{key: county.summary[key] for key in ("errors", "warnings")},
    )


def describe_result(result: GatherResult, texts: Texts) -> list[str]:
    """Return what was gathered: counties, rows, seams, and the problems of the package."""
    lines = [
        texts.get(
            "gathering",
            "done",
            area=f"{result.area_name} {result.area_code}",
            counties=len(result.gathered),
            refused=len(result.refused),
            layers=len(result.amounts),
            rows=sum(one.rows for one in result.amounts.values()),
        )
    ]
    sentences = [one.format_as_sentence(texts) for one in result.problems]
    lines += sentences[:_MAX_LISTED]
    if len(sentences) > _MAX_LISTED:
        lines.append(texts.get("gathering", "more", count=len(sentences) - _MAX_LISTED))
    if result.seams is not None:
        lines.append(
            texts.get("gathering", "seams", pairs=len(result.seams.pairs), findings=len(result.seams.findings))
        )
    if result.ignored_names:
        lines.append(
            texts.get("gathering", "ignored", names=texts.get("words", "between_names").join(result.ignored_names))
        )
    return lines


def find_gathering_problems(
    result: GatherResult, norm: Norm, filled_slots: Iterable[FilledSlot]
) -> Iterator[ExportProblem]:
    """Yield what concerns several counties: repeated keys stop the package unless it is forced, others are notes."""
    for one in result.repeated_keys:
        params = {"first": one.first_county, "second": one.second_county}
        yield ExportProblem(ProblemLevel.GATE, "gather_keys", count=one.count, features=one.examples, params=params)
    if result.refused:
        yield ExportProblem(
            ProblemLevel.NOTE,
            "gather_left_out",
            count=len(result.refused),
            features=tuple(one.name for one in result.refused[:MAX_NAMED_FEATURES]),
        )
    counties: dict[tuple[str, str], list[str]] = {}
    for county in result.gathered:
        for gap in county.gaps:
            yield ExportProblem(ProblemLevel.NOTE, "gather_gaps", params={"county": county.label, "gap": gap})
        for pair in county.renamed.items():
            counties.setdefault(pair, []).append(county.name)
    yield from _find_left_out_layers(result)
    for (source, target), county_names in counties.items():
        params = {"source": source, "title": norm.standard.templates[target].name}
        yield ExportProblem(
            ProblemLevel.NOTE,
            "gather_renamed",
            target,
            "",
            len(county_names),
            tuple(county_names[:MAX_NAMED_FEATURES]),
            params,
        )
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
    found: dict[tuple[str, bool], dict[str, int | None]] = {}
    for county in result.gathered:
        for name, count in county.left_out.items():
            found.setdefault((name, name in county.unspecified), {})[county.name] = count
    for (name, is_unspecified), row_counts in found.items():
        text, names = "gather_layer_unspecified" if is_unspecified else "gather_layer_left_out", list(row_counts)
        known = [one for one in row_counts.values() if one is not None]
        params: dict[str, int] = {"rows": sum(known)}
        if len(known) < len(row_counts):
            text, params = f"{text}_uncounted", {}
        yield ExportProblem(ProblemLevel.NOTE, text, name, "", len(names), tuple(names[:MAX_NAMED_FEATURES]), params)


def _find_editions(result: GatherResult) -> Iterator[ExportProblem]:
    """Yield a note if counties were made by different standards or editions, or by different versions of the plugin."""
    for key in ("standard", "version"):
        counties: dict[str, list[str]] = {}
        for county in result.gathered:
            counties.setdefault(getattr(county, key), []).append(county.name)
        if len(counties) > 1:
            parts = tuple(
                Message(
                    "gathering",
                    "edition_of_county" if len(names) == 1 else "edition_of_counties",
                    {"edition": edition or "—", "count": len(names), "county": names[0]},
                )
                for edition, names in counties.items()
            )
            yield ExportProblem(ProblemLevel.NOTE, f"gather_{key}s", params={"found": MessageList(parts)})
