# SPDX-License-Identifier: GPL-2.0-or-later
"""What rules that hold a plan against its sealed edition have in common."""

from __future__ import annotations

from ..baseline import against_baseline
from ..context import Context
from ..layer import Layer
from ..rule import RuleResult, Severity
from ..sealed import is_sealed_by_profile
from ..versions import Comparison
from ._untold import some


def compared(ctx: Context, concept: str, result: RuleResult) -> Comparison | None:
    """The plan's layer of a concept against the sealed one; where there is none, ``result`` says why."""
    found = against_baseline(ctx, concept)
    if found is None:
        result.notes.append(("baseline_lacks", {"concept": concept}))
        return None
    result.applicable = True
    if found.failed:
        result.not_checked.append(("versions_failed", {"count": len(found.failed)}))
    # Of the plan's own shapes GEO001 and GEO002 tell; of the sealed ones nobody else does.
    sealed = found.before
    for rows, note in ((sealed.shapeless, "sealed_shapeless"), (sealed.mended, "sealed_mended")):
        if rows:
            result.notes.append((note, {"layer": sealed.layer.name, "count": len(rows), "keys": some(rows)}))
    return found


def severity(ctx: Context, layer: Layer) -> Severity | None:
    """An error where the county's own profile says that the layer is sealed; else as the rule has it."""
    return Severity.ERROR if is_sealed_by_profile(layer.role, ctx.norm) else None
