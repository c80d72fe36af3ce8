# SPDX-License-Identifier: GPL-2.0-or-later
"""The sealed edition (封库版本): the approved data with which a plan is compared.

It is read once, reprojected to the plan's CRS in metres. Each of its layers is compared once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...base.connection_text import mask_source
from ...base.errors import InputError
from ...base.files.writing import is_same_file
from ...figures.indicators.townships import list_townships_by_code
from ...geometry.polygons import Polygons, union_polygon_rows
from ...geometry.validity import mask_missing_shapes
from ...plan.plan import Plan
from .compare import NO_TOWNSHIPS, TownshipPolygons, compare_layers
from .edition_comparison import VersionComparison, make_edition

if TYPE_CHECKING:
    from ...engine.context import RuleContext
    from ...model.side_inputs import SideInputs
    from ...plan.layer import SourceLayer
    from ...standard.profile import Norm


#: Concepts read from a sealed edition.
SEALED_CONCEPTS = ("farmland", "red_line", "boundary", "townships")


def read_baseline(
    source: str | Path,
    plan: Plan,
    norm: Norm,
    *,
    select_layer: Callable[[SourceLayer], bool | frozenset[str]],
    cancellation: Cancellation = NEVER_CANCELLED,
) -> Plan:
    """Read the sealed edition from a file or folder, in the CRS of a plan.

    It has the three control lines (三线) and perhaps townships. ``select_layer`` decides which layers are read
    (`check.make_plan_layer_selector`). Raises InputError when the source is unreadable, has none of the three lines,
    or is the checked file itself.
    """
    from ...plan.io import read_source
    from ...plan.loading.assembly import assemble_plan
    from ...plan.loading.recognition import find_role
    from ...plan.loading.unread_files import find_unread_files

    roles = {role for concept in SEALED_CONCEPTS for role in plan.list_roles_of_concept(concept)}

    def is_selected(layer: SourceLayer) -> bool | frozenset[str]:
        """Return False for a layer of no compared role, else what ``select_layer`` returns."""
        return select_layer(layer) if find_role(layer, norm)[0] in roles else False

    if any(is_same_file(source, path) for path in (plan.source, *plan.input_files)):
        raise InputError("baseline_is_source", source=str(source))
    layers = read_source(source, select_layer=is_selected, cancellation=cancellation)
    lines = [layer for layer in layers if find_role(layer, norm)[0] in roles]
    if all(find_role(layer, norm)[0] in plan.list_roles_of_concept("townships") for layer in lines):
        listed_layer_names = ", ".join(layer.name for layer in layers) or "-"
        raise InputError("baseline_no_layer", source=str(source), layers=listed_layer_names)
    sealed_plan = assemble_plan(
        lines, norm, scope="three_lines", source=mask_source(source), reference_plan=plan, cancellation=cancellation
    )
    sealed_plan.unread_data += find_unread_files(source, cancellation)
    return sealed_plan


def record_baseline_in_plan(plan: Plan, baseline: Plan) -> None:
    """Add notices on the sealed edition, and on what was not read of it, to a plan, in place."""
    plan.input_files = tuple(dict.fromkeys((*plan.input_files, *baseline.input_files)))
    name = baseline.source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    layers = "、".join(f"{layer.name}（{len(layer)}）" for layer in baseline.layers.values())
    plan.notices.append(("notice_baseline", {"source": name, "layers": layers}))
    # Unread data of the sealed edition were not compared.
    plan.unread_data += baseline.unread_data
    plan.notices += [
        ("notice_baseline_unusable", {"source": name, "layer": unusable_layer.name, "role": unusable_layer.role})
        for unusable_layer in baseline.unusable_layers.values()
    ]


def get_sealed_edition(side_inputs: SideInputs) -> Plan | None:
    """Return the sealed edition (封库版本) given for a check; ``None`` without one."""
    return side_inputs.get_input("baseline", Plan)


def compare_with_baseline(ctx: RuleContext, concept: str) -> VersionComparison | None:
    """Return the comparison of a layer of the sealed edition (before) with the plan's layer (after).

    ``concept``: farmland, red_line, boundary or townships. ``None`` if one of the layers is missing or has no shapes.
    """
    key = concept, id(get_sealed_edition(ctx.side_inputs))
    return ctx.compute_shared("against_baseline", key, lambda: _compare_with_baseline(ctx, concept))


def _compare_with_baseline(ctx: RuleContext, concept: str) -> VersionComparison | None:
    # Import on use: the rules import this module in every check.
    """Return the comparison of a concept's layer, as `compare_with_baseline`, without its cache."""
    from .shift_search import make_shift_limits

    sealed_plan = get_sealed_edition(ctx.side_inputs)
    sealed_layer = sealed_plan.find_layer_of_concept(concept) if sealed_plan is not None else None
    plan_layer = ctx.plan.find_layer_of_concept(concept)
    if sealed_layer is None or plan_layer is None or sealed_layer.has_no_geometry:
        return None
    numbers = {
        old: new
        for (role, old), new in (ctx.side_inputs.get_input("renumbered", dict) or {}).items()
        if role in ("", sealed_layer.role, plan_layer.role)
    }
    return compare_layers(
        make_edition(sealed_layer),
        make_edition(plan_layer),
        tolerance=ctx.tolerance,
        townships=get_township_polygons(ctx.plan, sealed_plan),
        renumbered=numbers,
        shift_limits=make_shift_limits(ctx.norm),
        cancellation=ctx.cancellation,
    )


def get_township_polygons(plan: Plan, *others: Plan | None) -> TownshipPolygons:
    """Return the townships of a plan with their names, for areas by township.

    If the plan has no townships, those of the first of ``others`` (plans in the same CRS) that has some are used. Rows
    of one township (villages, an exclave) are joined; a township without a name is named by its code.
    """
    for one in (plan, *others):
        layer = one.find_layer_of_concept("townships") if one is not None else None
        if one is not None and layer is not None and layer.has_field("division_name") and not layer.has_no_geometry:
            townships, township_of_row = list_townships_by_code(layer)
            township_names = [township.name for township in townships]
            if len(townships) == len(layer):
                return TownshipPolygons(layer.polygons, [township_names[n] for n in township_of_row.tolist()])
            shapes = np.empty(len(townships), dtype=object)
            for n in range(len(townships)):
                shapes[n] = union_polygon_rows(
                    layer.polygons, township_of_row == n, tolerance=one.norm.make_tolerance()
                )
            if all(
                shape is not None
                for n, shape in enumerate(shapes)
                if (~mask_missing_shapes(layer.plane_shapes[township_of_row == n])).any()
            ):
                return TownshipPolygons(Polygons(shapes), township_names)
            # Villages that cannot be joined are compared one by one.
            return TownshipPolygons(layer.polygons, [township_names[n] for n in township_of_row.tolist()])
    return NO_TOWNSHIPS
