# SPDX-License-Identifier: GPL-2.0-or-later
"""What the mapping dialog says of a mapping: before it runs, and when it has run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...bridge.mapping.work import Prepared
from ...bridge.texts import tr
from ...core.standard.template import Template


def prepared(done: Prepared, template: Template) -> str:
    """How much arrives, which fields must not stay empty, and what of the source has no place."""
    filled = [f for f in template.fields if done.previews[f.name].filled]
    needed = [f for f in template.fields if f.constraint == "M" or f.meaning == "key"]
    lacking = [f.name for f in needed if not done.previews[f.name].filled]
    used = set(done.mapping.fields.values())
    unused = [f.name for f in done.columns.layer.fields if f.name not in used]
    lost = sum(p.lost for p in done.previews.values())
    lines = [
        tr("{rows} rows; {filled} of {all} fields are filled; {lost} values are left empty.").format(
            rows=done.columns.rows, filled=len(filled), all=len(template.fields), lost=lost
        )
    ]
    if lacking:
        lines.append(tr("Required, without a source: {fields}.").format(fields=tr(", ").join(lacking)))
    if unused:
        lines.append(tr("Source fields without a place: {fields}.").format(fields=tr(", ").join(unused)))
    return "\n".join(lines)


def written(results: dict[str, Any], layer: str) -> list[str]:
    """What the algorithm gave back, in lines; ``layer``: the name of its output."""
    lines = [
        tr("{rows} rows are in “{layer}”; {losses} values to look at, {empty} of them left empty.").format(
            rows=results["ROWS"], layer=layer, losses=results["LOSSES"], empty=results["EMPTY"]
        )
    ]
    if results.get("UNMAPPED"):
        lines.append(tr("They are listed in {file}.").format(file=Path(str(results["UNMAPPED"])).name))
    return lines


def last(said: str) -> str:
    """What the algorithm said at the end, which names what is wrong and the remedy."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else tr("The mapping could not be run. Details are in the log, tab Processing.")
