# SPDX-License-Identifier: GPL-2.0-or-later
"""Read editions and compare them: two files, or a plan and its sealed edition (封库版本), the approved data.

The sealed edition is read once, reprojected to the plan's CRS in metres. Each of its layers is compared once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...base.connection_text import mask_source
from ...base.errors import NEVER_CANCELLED, Cancellation, InputError
from ...base.files.writing import is_same_file
from ...engine.context import RuleContext
from ...figures.indicators.townships import list_townships_by_code
from ...geometry.polygons import Polygons, union_polygon_rows
from ...geometry.validity import mask_missing_shapes
from ...model.side_inputs import SideInputs
from ...plan.layer import SourceLayer
from ...plan.loading.recognition import find_role
from ...plan.plan import Plan
from ...standard.profile import Norm
from .compare import NO_TOWNSHIPS, TownshipPolygons, compare_layers
from .edition_comparison import VersionComparison, make_edition
from .edition_pairing import make_shift_limits


def read_baseline(
    source: str | Path,
    plan: Plan,
    norm: Norm,
    *,
    select_layer: Callable[[SourceLayer], bool | frozenset[str]],
    cancellation: Cancellation = NEVER_CANCELLED,
) -> Plan:
    """Read the sealed edition from a file or folder, in the CRS of a plan.

    It has the three control lines (三线), perhaps the reserve of farmland and townships. ``select_layer`` decides which
    layers are read (`check.make_plan_layer_selector`). Raises InputError when the source is unreadable, has none of the
    three lines, or is the checked file itself.
    """
    from ...plan.io import read_source
    from ...plan.loading.assembly import assemble_plan
    from ...plan.loading.unread_files import find_unread_files

    further_roles = {role for concept in ("reserve_land", "townships") for role in plan.list_roles_of_concept(concept)}
    lines = ("farmland", "red_line", "boundary")
    roles = further_roles | {role for concept in lines for role in plan.list_roles_of_concept(concept)}

    if any(is_same_file(source, path) for path in (plan.source, *plan.input_files)):
        raise InputError("baseline_is_source", source=str(source))
    layers = read_source(
        source,
        select_layer=lambda layer: find_role(layer, norm)[0] in roles and select_layer(layer),
        cancellation=cancellation,
    )
    sealed_layers = [layer for layer in layers if find_role(layer, norm)[0] in roles]
    if all(find_role(layer, norm)[0] in further_roles for layer in sealed_layers):
        listed_layer_names = ", ".join(layer.name for layer in layers) or "-"
        raise InputError("baseline_no_layer", source=str(source), layers=listed_layer_names)
    sealed_plan = assemble_plan(
        sealed_layers,
        norm,
        scope="three_lines",
        source=mask_source(source),
        reference_plan=plan,
        cancellation=cancellation,
    )
    sealed_plan.unread_data += find_unread_files(source, cancellation)
    return sealed_plan


def get_sealed_edition(side_inputs: SideInputs) -> Plan | None:
    """Return the sealed edition (封库版本) given for a check; ``None`` without one."""
    return side_inputs.get_input("baseline", Plan)


def compare_with_baseline(ctx: RuleContext, concept: str) -> VersionComparison | None:
    """Return the comparison of a layer of the sealed edition (before) with the plan's layer (after).

    ``concept``: farmland, red_line, boundary or townships. ``None`` if one of the layers is missing or has no shapes.
    """
    sealed_plan = get_sealed_edition(ctx.side_inputs)
    sealed_layer = sealed_plan.find_layer_of_concept(concept) if sealed_plan is not None else None
    plan_layer = ctx.plan.find_layer_of_concept(concept)
    if sealed_layer is None or plan_layer is None or sealed_layer.has_no_geometry:
        return None

    def compare() -> VersionComparison:
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

    return ctx.compute_shared("against_baseline", (concept, id(sealed_plan)), compare)


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
            by_row = TownshipPolygons(layer.polygons, [township_names[n] for n in township_of_row.tolist()])
            if len(townships) == len(layer):
                return by_row
            shapes = np.empty(len(townships), dtype=object)
            for n in range(len(townships)):
                shapes[n] = union_polygon_rows(
                    layer.polygons, township_of_row == n, tolerance=one.norm.make_tolerance()
                )
            is_joined = all(
                shape is not None
                for n, shape in enumerate(shapes)
                if (~mask_missing_shapes(layer.plane_shapes[township_of_row == n])).any()
            )
            # Villages that cannot be joined are compared one by one.
            return TownshipPolygons(Polygons(shapes), township_names) if is_joined else by_row
    return NO_TOWNSHIPS


@dataclass
class PlanComparison:
    """The comparison of two editions read from files.

    ``plan``: the later edition and the townships, in one CRS; ``role``: the layer's code in the standard;
    ``edition_names``: names of the earlier and the later edition.
    """

    plan: Plan
    comparison: VersionComparison
    role: str
    edition_names: tuple[str, str] = ("", "")


def compare_sources(
    before: SourceLayer,
    after: SourceLayer,
    norm: Norm,
    *,
    role: str = "",
    townships: SourceLayer | None = None,
    renumbered: str = "",
    fields: Iterable[str] = (),
    cancellation: Cancellation = NEVER_CANCELLED,
) -> PlanComparison:
    """Compare two editions of a layer as read from files.

    Parameters
    ----------
    before, after : SourceLayer
        The two editions.
    norm : Norm
        Standard and profile.
    role : str
        Role of the layers; empty for the recognised role of the later, else of the earlier one.
    townships : SourceLayer, optional
        For figures by township.
    renumbered : str
        Path of a table of old and new keys.
    fields : iterable of str
        Names of the compared fields; empty for all.
    cancellation : Cancellation
        Checked between steps.

    Raises
    ------
    InputError
        A layer is not recognised, has no polygons, or its coordinates contradict its CRS.
    DataError
        The table of keys is damaged.
    """
    from ...plan.loading.assembly import assemble_plan
    from ...plan.loading.key_table import read_renumbered_keys

    roles = [role.upper(), find_role(after, norm)[0], find_role(before, norm)[0]]
    layer_role = next((name for name in roles if name), "")
    if layer_role not in norm.standard.templates:
        known_roles = ", ".join(sorted(norm.standard.templates))
        if layer_role:
            raise InputError("role_unknown", role=layer_role, known=known_roles)
        raise InputError("role_unclear", layer=after.name, known=known_roles)
    if norm.standard.templates[layer_role].geometry != "polygon":
        raise InputError("versions_not_polygons", layer=after.name)
    numbers = {
        k: new
        for (r, k), new in (read_renumbered_keys(renumbered) if renumbered else {}).items()
        if r in ("", layer_role)
    }
    name_by_role = {layer_role: after.full_name}
    source_layers = [after]
    # Editions of the townships themselves are summed by those of the later one.
    if townships is not None:
        township_roles, recognised_role = norm.standard.concepts["townships"], find_role(townships, norm)[0]
        township_role = recognised_role if recognised_role in township_roles else township_roles[0]
        if township_role != layer_role:
            source_layers.append(townships)
            name_by_role[township_role] = townships.full_name
    plan = assemble_plan(
        source_layers, norm, roles=name_by_role, scope="three_lines", source=after.source, cancellation=cancellation
    )
    old = assemble_plan(
        [before],
        norm,
        roles={layer_role: before.full_name},
        scope="three_lines",
        reference_plan=plan,
        cancellation=cancellation,
    )
    for plan_of_edition in (plan, old):
        if layer_role not in plan_of_edition.layers:
            raise InputError("versions_unusable", unusable=plan_of_edition.unusable_layers[layer_role].problem_message)
    comparison = compare_layers(
        make_edition(old.layers[layer_role]),
        make_edition(plan.layers[layer_role]),
        tolerance=norm.make_tolerance(),
        townships=get_township_polygons(plan),
        renumbered=numbers,
        fields=fields,
        shift_limits=make_shift_limits(norm),
        cancellation=cancellation,
    )
    return PlanComparison(plan, comparison, layer_role, (before.full_name, after.full_name))


def find_layer_and_townships(
    source: str | Path, role: str, norm: Norm, *, cancellation: Cancellation = NEVER_CANCELLED
) -> tuple[SourceLayer, SourceLayer | None]:
    """Return the layer with a role (layer code) of a file or folder, and its layer of townships.

    ``role``: empty for the only layer that is not one of divisions. The townships are None if the source has none.
    Raise InputError, which lists the available layers, if none has the role.
    """
    from ...plan.io import read_source

    if role and role.upper() not in norm.standard.templates:
        raise InputError("role_unknown", role=role, known=", ".join(sorted(norm.standard.templates)))
    township_roles, county_roles = norm.standard.concepts["townships"], norm.standard.concepts["county"]

    def is_wanted(layer: SourceLayer) -> bool:
        """Return True for townships and for a layer that may be the one to compare."""
        recognised_role = find_role(layer, norm)[0]
        return recognised_role in township_roles or (
            recognised_role == role.upper() if role else recognised_role not in county_roles
        )

    layers = read_source(source, select_layer=is_wanted, cancellation=cancellation)
    wanted_layers = [layer for layer in layers if is_wanted(layer)]
    for layer in wanted_layers:
        layer.require_usable()
    usable_layers = [layer for layer in wanted_layers if not layer.problem]
    divisions = [layer for layer in usable_layers if find_role(layer, norm)[0] in township_roles]
    matching_layers = [
        layer
        for layer in usable_layers
        if (find_role(layer, norm)[0] == role.upper() if role else layer not in divisions)
    ]
    if not matching_layers and len(layers) == 1 and not layers[0].problem and not find_role(layers[0], norm)[0]:
        # The only layer of a file is used whatever its name is, unless it is recognised as another role.
        matching_layers = read_source(source, cancellation=cancellation)
    if len(matching_layers) != 1:
        listed_layer_names = ", ".join(layer.name for layer in layers) or "-"
        key = "versions_no_role" if role and not matching_layers else "versions_which"
        raise InputError(key, source=str(source), layers=listed_layer_names, role=role)
    return matching_layers[0], divisions[0] if divisions else None
