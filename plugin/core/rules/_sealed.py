# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions shared by rules that compare a plan with its sealed edition."""

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
    """Return message parameters for fields of a layer that were not compared."""
    return {"layer": layer.name, "role": layer.role, "count": len(names), "fields": list_some(names)}


def compare_with_sealed(ctx: Context, concept: str, result: RuleResult) -> Comparison | None:
    """Compare the plan's layer of a concept with the sealed one.

    Return None if a layer is missing; ``result`` then has the reason.
    """
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
    # GEO001 and GEO002 report shapes of the plan; no other rule reports those of the sealed edition.
    sealed = found.before
    for rows, note in ((sealed.rows_without_shape, "sealed_shapeless"), (sealed.repaired_rows, "sealed_mended")):
        if rows:
            result.notes.append((note, {"layer": sealed.layer.name, "count": len(rows), "keys": list_some(rows)}))
    return found


def report_sealed_only(ctx: Context, concept: str, result: RuleResult) -> None:
    """Report a line of the sealed edition that the plan lacks as not checked.

    The line is declared absent (本县无) or was not delivered.
    """
    edition = sealed_edition(ctx.side)
    layer = edition.concept(concept) if edition is not None else None
    if layer is not None and len(layer):
        result.not_checked.append(("baseline_only", {"concept": concept, "layer": layer.name, "count": len(layer)}))


def find_net_area_doubts(found: Comparison, ctx: Context) -> list[str]:
    """Return a doubt if the shapes do not support the compared net areas."""
    editions = (found.before.layer, found.after.layer)
    sure = NET not in found.total or all(is_backed_by_land(layer, "net_area", ctx) for layer in editions)
    return [] if sure else [DOUBT]


def ignore_moved(ctx: Context, found: Comparison) -> None:
    """Record slivers of land added or removed since the sealed edition."""
    moved = [n for n, (kind, *_) in enumerate(found.sliver_rows) if kind in (IN, OUT)]
    before, after = (np.array([found.sliver_rows[n][side] for n in moved], dtype=int) for side in (1, 2))
    slivers = Slivers([found.slivers[n] for n in moved], after, before)
    ctx.log.ignore(slivers, found.after.layer, found.before.layer, sealed=True)


def sealed_severity(ctx: Context, layer: Layer) -> Severity | None:
    """Return ERROR if the county's own profile seals the layer.

    Return None for the rule's severity.
    """
    return Severity.ERROR if is_sealed_by_profile(layer.role, ctx.norm) else None
