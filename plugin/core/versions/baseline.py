# SPDX-License-Identifier: GPL-2.0-or-later
"""The sealed edition (封库版本) that a plan is held against: read once, put into the plan's plane, compared once by concept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..cancellation import NEVER, Cancellation
from ..errors import InputError
from ..files.writing import same_file
from ..geometry.polygons import Polygons, union_rows
from ..geometry.validity import is_missing
from ..indicators.townships import group_townships
from ..plan.plan import Plan
from .model import Comparison, make_edition

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..model.side_inputs import SideInputs
    from ..plan.layer import SourceLayer
    from ..profile import Norm
    from .compare import Townships


#: What a sealed edition is asked for.
CONCEPTS = ("farmland", "red_line", "boundary", "townships")


def read_baseline(
    source: str | Path,
    plan: Plan,
    norm: Norm,
    *,
    wanted: Callable[[SourceLayer], bool | frozenset[str]],
    cancellation: Cancellation = NEVER,
) -> Plan:
    """The three lines of a file or folder (and its townships) as a plan in the plane of another one.

    ``wanted``: which layers play a part, as `check.is_part_of_plan` tells. InputError when it cannot be read, holds none of the
    three lines, or is the very file that is checked.
    """
    from ..io import read_source
    from ..loading.assembly import assemble_plan
    from ..loading.recognition import find_role
    from ..loading.unread_files import find_unread_files

    roles = {role for concept in CONCEPTS for role in plan.roles_of(concept)}

    def asked(layer: SourceLayer) -> bool | frozenset[str]:
        return wanted(layer) if find_role(layer, norm)[0] in roles else False

    if any(same_file(source, path) for path in (plan.source, *plan.inputs)):
        raise InputError("baseline_is_source", source=str(source))
    layers = read_source(source, wanted=asked, cancellation=cancellation)
    lines = [layer for layer in layers if find_role(layer, norm)[0] in roles]
    if all(find_role(layer, norm)[0] in plan.roles_of("townships") for layer in lines):
        names = ", ".join(layer.name for layer in layers) or "-"
        raise InputError("baseline_no_layer", source=str(source), layers=names)
    sealed = assemble_plan(
        lines, norm, scope="three_lines", source=str(source), reference_plan=plan, cancellation=cancellation
    )
    sealed.unread += find_unread_files(source, cancellation)
    return sealed


def note_baseline(plan: Plan, baseline: Plan) -> None:
    """Have the plan's report say what sealed edition it is held against, and what of that was not read."""
    plan.inputs = tuple(dict.fromkeys((*plan.inputs, *baseline.inputs)))
    name = baseline.source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    layers = "、".join(f"{layer.name}（{len(layer)}）" for layer in baseline.layers.values())
    plan.notices.append(("notice_baseline", {"source": name, "layers": layers}))
    # What was not read of it was not compared.
    plan.unread += baseline.unread
    plan.notices += [
        ("notice_baseline_unusable", {"source": name, "layer": lost.name, "role": lost.role})
        for lost in baseline.unusable.values()
    ]


def sealed_edition(side: SideInputs) -> Plan | None:
    """Return the sealed edition (封库版本) that was given for the check, if any."""
    return side.get("baseline", Plan)


def against_baseline(ctx: Context, concept: str) -> Comparison | None:
    """The sealed layer of a concept (before) and the plan's (after); None where either is not there, or has no shape."""
    kept = ctx.plan.computed("against_baseline")
    key = concept, id(sealed_edition(ctx.side))
    if key not in kept:
        kept[key] = _compare(ctx, concept)
    found: Comparison | None = kept[key]
    return found


def _compare(ctx: Context, concept: str) -> Comparison | None:
    # The comparison is imported where there is an edition to compare with; the rules on it are read in every check.
    from .compare import compare_layers

    sealed = sealed_edition(ctx.side)
    before = sealed.concept(concept) if sealed is not None else None
    after = ctx.plan.concept(concept)
    if before is None or after is None or before.has_no_geometry:
        return None
    numbers = {
        old: new
        for (role, old), new in (ctx.side.get("renumbered", dict) or {}).items()
        if role in ("", before.role, after.role)
    }
    return compare_layers(
        make_edition(before),
        make_edition(after),
        tolerance=ctx.tolerance,
        townships=townships_of(ctx.plan, sealed),
        renumbered=numbers,
        cancellation=ctx.cancellation,
    )


def townships_of(plan: Plan, *others: Plan | None) -> Townships:
    """The townships of a plan, for figures by township; those of the first of ``others`` in the same plane
    that has some where it has none. Rows of one township (villages, an exclave) are joined; one without a name is called by its code."""
    from .compare import NO_TOWNSHIPS, Townships

    for one in (plan, *others):
        layer = one.concept("townships") if one is not None else None
        if one is not None and layer is not None and layer.has("division_name") and not layer.has_no_geometry:
            towns, of = group_townships(layer)
            names = [town.name for town in towns]
            if len(towns) == len(layer):
                return Townships(layer.polygons, [names[n] for n in of.tolist()])
            shapes = np.empty(len(towns), dtype=object)
            for n in range(len(towns)):
                shapes[n] = union_rows(layer.polygons, of == n, tolerance=one.norm.tolerance())
            if all(shape is not None for n, shape in enumerate(shapes) if (~is_missing(layer.plane[of == n])).any()):
                return Townships(Polygons(shapes), names)
            # Villages that cannot be put together are looked at one by one.
            return Townships(layer.polygons, [names[n] for n in of.tolist()])
    return NO_TOWNSHIPS
