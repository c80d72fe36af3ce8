# SPDX-License-Identifier: GPL-2.0-or-later
"""What rules that hold a plan against its sealed edition have in common."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.context import Context
from ..geometry.parts import Slivers
from ..indicators.area_backing import DOUBT, is_backed_by_land
from ..model.rule import RuleResult, Severity
from ..plan.layer import Layer
from ..profile.norm import is_sealed_by_profile
from ..versions.baseline import against_baseline, sealed_edition
from ..versions.model import IN, NET, OUT, Comparison

#: Names shown; the rest is counted.
SHOWN = 5


def list_some(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (" …" if len(names) > SHOWN else "")


def not_compared_params(layer: Layer, names: list[str]) -> dict[str, Any]:
    """Parameters of a reason not to have compared these fields of a layer."""
    return {"layer": layer.name, "role": layer.role, "count": len(names), "fields": list_some(names)}


def compare_with_sealed(ctx: Context, concept: str, result: RuleResult) -> Comparison | None:
    """The plan's layer of a concept against the sealed one; where there is none, ``result`` says why."""
    found = against_baseline(ctx, concept)
    if found is None:
        edition = sealed_edition(ctx.side)
        lost = edition.unusable_for(concept) if edition is not None else None
        layer = edition.concept(concept) if edition is not None else None
        if lost is not None:
            result.not_checked.append(("layer_unusable", {"layer": lost.name, "role": lost.role}))
        elif layer is not None:
            # A sealed layer without shapes cannot be compared with anything.
            result.not_checked.append(("layer_bare", {"layer": layer.name, "role": layer.role}))
        else:
            # A line that the sealed edition lacks was not compared, so the rule does not pass.
            result.not_checked.append(("baseline_lacks", {"concept": concept}))
        return None
    result.applicable = True
    if found.failed:
        result.not_checked.append(("versions_failed", {"count": len(found.failed)}))
    # Of the plan's own shapes GEO001 and GEO002 tell; of the sealed ones nobody else does.
    sealed = found.before
    for rows, note in ((sealed.rows_without_shape, "sealed_shapeless"), (sealed.repaired_rows, "sealed_mended")):
        if rows:
            result.notes.append((note, {"layer": sealed.layer.name, "count": len(rows), "keys": list_some(rows)}))
    return found


def report_sealed_only(ctx: Context, concept: str, result: RuleResult) -> None:
    """Report as not checked a line that the sealed edition holds and the plan does not (本县无, or not delivered)."""
    edition = sealed_edition(ctx.side)
    layer = edition.concept(concept) if edition is not None else None
    if layer is not None and len(layer):
        result.not_checked.append(("baseline_only", {"concept": concept, "layer": layer.name, "count": len(layer)}))


def find_net_area_doubts(found: Comparison, ctx: Context) -> list[str]:
    """Doubts where the land does not back the net areas that the editions are compared by."""
    editions = (found.before.layer, found.after.layer)
    sure = NET not in found.total or all(is_backed_by_land(layer, "net_area", ctx) for layer in editions)
    return [] if sure else [DOUBT]


def ignore_moved(ctx: Context, found: Comparison) -> None:
    """Note the slivers of land that came or went since the sealed edition."""
    moved = [n for n, (kind, *_) in enumerate(found.sliver_rows) if kind in (IN, OUT)]
    before, after = (np.array([found.sliver_rows[n][side] for n in moved], dtype=int) for side in (1, 2))
    slivers = Slivers([found.slivers[n] for n in moved], after, before)
    ctx.log.ignore(slivers, found.after.layer, found.before.layer, sealed=True)


def sealed_severity(ctx: Context, layer: Layer) -> Severity | None:
    """An error where the county's own profile says that the layer is sealed; else as the rule has it."""
    return Severity.ERROR if is_sealed_by_profile(layer.role, ctx.norm) else None
