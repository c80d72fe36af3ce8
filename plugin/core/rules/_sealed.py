# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions for rules that compare a plan with its sealed edition.

The sealed edition is the approved data of an earlier date.
"""

from __future__ import annotations

import numpy as np

from ..engine.context import RuleContext
from ..figures.indicators.area_backing import AREA_FIELDS_SETTING, is_sum_confirmed_by_geometry
from ..geometry.overlay_pieces import Slivers
from ..model.rule import RuleResult, Severity
from ..plan.layer import Layer
from ..render.versions.baseline import compare_with_baseline, get_sealed_edition
from ..render.versions.edition_comparison import MOVED_IN_KIND, MOVED_OUT_KIND, NET_BASIS, VersionComparison
from ..standard.profile.norm import is_sealed_by_profile
from ._attributes import join_first_names


def compare_with_sealed_edition(ctx: RuleContext, concept: str, result: RuleResult) -> VersionComparison | None:
    """Return the comparison of a layer of the plan with the sealed edition.

    ``concept`` names the layer (such as ``farmland``). If one of the two layers is missing or unusable, return None
    and add the reason to ``result.not_checked``.
    """
    comparison = compare_with_baseline(ctx, concept)
    if comparison is None:
        edition = get_sealed_edition(ctx.side_inputs)
        unusable_layer = edition.find_unusable_layer(concept) if edition is not None else None
        sealed_layer = edition.find_layer_of_concept(concept) if edition is not None else None
        if unusable_layer is not None:
            result.not_checked.append(("layer_unusable", {"layer": unusable_layer.name, "role": unusable_layer.role}))
        elif sealed_layer is not None:
            # A sealed layer without shapes cannot be compared with anything.
            result.not_checked.append(("layer_bare", {"layer": sealed_layer.name, "role": sealed_layer.role}))
        else:
            # A line that the sealed edition lacks was not compared, so the rule does not pass.
            result.not_checked.append(("baseline_lacks", {"concept": concept}))
        return None
    result.is_applicable = True
    if comparison.failed_pairs:
        result.not_checked.append(("versions_failed", {"count": len(comparison.failed_pairs)}))
    shift = comparison.shift
    if shift is not None:
        key = "sealed_shifted" if shift.is_removed else "sealed_shift_kept"
        result.notes.append((key, {"layer": comparison.later_edition.layer.name, **shift.make_texts()}))
    # GEO001 and GEO002 report shapes of the plan; no other rule reports those of the sealed edition.
    sealed_edition = comparison.earlier_edition
    for rows, note in (
        (sealed_edition.rows_without_shape, "sealed_shapeless"),
        (sealed_edition.repaired_rows, "sealed_mended"),
    ):
        if rows:
            result.notes.append(
                (note, {"layer": sealed_edition.layer.name, "count": len(rows), "keys": join_first_names(rows)})
            )
    return comparison


def note_layer_only_in_sealed_edition(ctx: RuleContext, concept: str, result: RuleResult) -> None:
    """Add to ``result`` that a control line which only the sealed edition has was not checked.

    The plan may declare it absent (本县无), or it was not delivered.
    """
    edition = get_sealed_edition(ctx.side_inputs)
    layer = edition.find_layer_of_concept(concept) if edition is not None else None
    if layer is not None and len(layer):
        result.not_checked.append(("baseline_only", {"concept": concept, "layer": layer.name, "count": len(layer)}))


def find_net_area_doubts(comparison: VersionComparison, ctx: RuleContext) -> list[str]:
    """Return the key of a doubt, in a list, if the geometry does not confirm the compared net areas.

    The list is empty without a doubt.
    """
    compared_layers = (comparison.earlier_edition.layer, comparison.later_edition.layer)
    is_backed = NET_BASIS not in comparison.balance_by_basis or all(
        is_sum_confirmed_by_geometry(layer, "net_area", ctx) for layer in compared_layers
    )
    return [] if is_backed else [AREA_FIELDS_SETTING]


def record_moved_slivers(ctx: RuleContext, comparison: VersionComparison) -> None:
    """Record in the log the slivers of land added or removed since the sealed edition.

    Slivers are parts below the tolerance; they have no finding.
    """
    moved_slivers = [
        n for n, (kind, *_) in enumerate(comparison.sliver_rows) if kind in (MOVED_IN_KIND, MOVED_OUT_KIND)
    ]
    rows_before, rows_after = (
        np.array([comparison.sliver_rows[n][side] for n in moved_slivers], dtype=int) for side in (1, 2)
    )
    slivers = Slivers([comparison.slivers[n] for n in moved_slivers], rows_after, rows_before)
    ctx.run_log.record_ignored_slivers(
        slivers, comparison.later_edition.layer, comparison.earlier_edition.layer, is_sealed_edition=True
    )


def get_sealed_severity(ctx: RuleContext, layer: Layer) -> Severity | None:
    """Return ERROR for a layer that the county's own profile seals.

    Return None, for the rule's severity, for any other layer.
    """
    return Severity.ERROR if is_sealed_by_profile(layer.role, ctx.norm) else None
