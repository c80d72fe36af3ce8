# SPDX-License-Identifier: GPL-2.0-or-later
"""A gathering as sentences, for console and log."""

from __future__ import annotations

from ...standard.messages.texts import Texts, strip_folders
from .gathered_counties import GatheredCounty, GatherResult, GatherState

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
    counts = {key: county.summary[key] for key in ("errors", "warnings")}
    return texts.get("gathering", "county_line", name=county.name, verdict=verdict, rows=rows, **counts)


def describe_result(result: GatherResult, texts: Texts) -> list[str]:
    """Return what was gathered: counties, rows, seams, and the problems of the package."""
    rows = sum(one.rows for one in result.amounts.values())
    lines = [
        texts.get(
            "gathering",
            "done",
            area=f"{result.area_name} {result.area_code}",
            counties=len(result.gathered),
            refused=len(result.refused),
            layers=len(result.amounts),
            rows=rows,
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
        names = texts.get("words", "between_names").join(result.ignored_names)
        lines.append(texts.get("gathering", "ignored", names=names))
    return lines
