# SPDX-License-Identifier: GPL-2.0-or-later
"""Build a plan, all in one CRS, from layers as they were read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ...base.errors import NEVER_CANCELLED, Cancellation, InputError
from ...geometry import crs as crs_care
from ...geometry.edge_densification import find_shared_edges, make_plane_vertex_index
from ...standard.edition import Standard
from ...standard.load import load_standard
from ...standard.profile import Norm
from ..layer import Layer, SourceLayer
from ..plan import Plan, UnusableLayer
from .recognition import (
    choose_scope,
    find_best_template,
    find_missed_scope,
    find_role,
    find_standard_of_names,
)
from .unread_files import (
    report_empty_layers,
    report_layers_without_shapes,
    report_reassigned_layers,
    report_unread_layers,
)

StrayRows = dict[int, tuple[str, dict[str, Any]]]
#: The next 3° zone is 200 km away or more; a small layer may be some kilometres from the others.
REMOTE_DISTANCE_M = 100_000.0


def split_measurable_layers(
    chosen: dict[str, SourceLayer],
) -> tuple[dict[str, SourceLayer], dict[str, UnusableLayer], dict[str, StrayRows]]:
    """Divide layers into measurable and unusable ones, and find the stray rows of the measurable layers.

    A layer is unusable if its coordinates contradict its CRS. Stray rows are the rows of a measurable layer whose
    coordinates contradict the CRS. ``chosen``: role → layer. All three results are dicts by role: the measurable
    layers, the unusable layers, and the stray rows of each measurable layer.
    """
    results = {role: validate_coordinates(source) for role, source in chosen.items()}
    return (
        {role: source for role, source in chosen.items() if results[role][0] is None},
        {role: UnusableLayer(role, chosen[role].name, *problem) for role, (problem, _) in results.items() if problem},
        {role: stray_rows for role, (_, stray_rows) in results.items()},
    )


def validate_coordinates(source: SourceLayer) -> tuple[tuple[str, dict[str, Any]] | None, StrayRows]:
    """Return why a layer cannot be measured, as (problem, parameters) or None, and its stray rows.

    Stray rows: position → (problem, parameters) of rows whose coordinates contradict the CRS although those of most
    rows agree with it.
    """
    row_bounds = shapely.bounds(source.frame.geometry.to_numpy()).reshape(-1, 4)
    problem = source.problem or crs_care.find_coordinate_problem(source.crs, _compute_median_bounds(row_bounds))
    if problem or not crs_care.find_coordinate_problem(source.crs, _compute_extent(row_bounds)):
        return problem, {}
    problems = {
        position: crs_care.find_coordinate_problem(source.crs, bounds)
        for position, bounds in enumerate(row_bounds)
        if np.isfinite(bounds).all()
    }
    return None, {position: problem_of_row for position, problem_of_row in problems.items() if problem_of_row}


def _compute_median_bounds(row_bounds: NDArray) -> NDArray:
    """Return the (4,) median of the bounds (n, 4) of all rows: xmin, ymin, xmax, ymax; NaN without rows.

    A few stray rows do not affect the median.
    """
    bounds = row_bounds[np.isfinite(row_bounds).all(axis=1)]
    return np.median(bounds, axis=0) if len(bounds) else np.full(4, np.nan)


def _compute_extent(row_bounds: NDArray) -> NDArray:
    """Return the (4,) bounds of all rows together, of their bounds (n, 4): xmin, ymin, xmax, ymax; NaN without rows."""
    bounds = row_bounds[np.isfinite(row_bounds).all(axis=1)]
    return np.r_[bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)] if len(bounds) else np.full(4, np.nan)


def choose_findings_crs_and_plane(usable: dict[str, SourceLayer], original_crs: CRS | None = None) -> tuple[CRS, CRS]:
    """Return the CRS of findings, and the plane (a CRS in metres) for overlays.

    Both are equal unless all layers are in degrees. ``usable``: role → layer; ``original_crs``: the CRS in which all
    layers were drawn, if it differs from the one that they are stored in.
    """
    longitude, latitude = 114.0, 36.0
    for source in usable.values():
        bounds = _compute_median_bounds(shapely.bounds(source.frame.geometry.to_numpy()).reshape(-1, 4))
        if source.crs is not None and np.isfinite(bounds).all():
            centre = np.array([shapely.Point((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2)])
            location = crs_care.reproject_to_lonlat(centre, source.crs)[0]
            longitude, latitude = float(location.x), float(location.y)
            break
    rows = [
        (original_crs or layer_source.crs, len(layer_source.frame))
        for layer_source in usable.values()
        if layer_source.crs is not None
    ]
    crs = crs_care.choose_crs(rows, longitude, latitude)
    # A layer without rows has no influence.
    used_crs = {crs for crs, features in rows if features}
    if len(used_crs) == 1 and all(crs_care.describe_crs(candidate).is_geographic for candidate in used_crs):
        return crs, crs_care.make_local_plane(longitude, latitude)
    return crs, crs


def move_remote_layers_to_unusable(plan: Plan, reference_plan: Plan | None = None) -> None:
    """Move layers that are far away from the other layers to ``unusable_layers`` of the plan.

    The CRS of such a layer has a wrong zone. The other layers are where most layers are; on a tie where the county's
    outline is, else where the layers with more features are. With a ``reference_plan``, layers are compared with the
    location of that plan.
    """
    boxes = _make_layer_boxes(plan)
    if reference_plan is not None and (reference_boxes := _make_layer_boxes(reference_plan)):
        for role in boxes:
            others = [(box, reference_plan.layers[other_role]) for other_role, box in reference_boxes.items()]
            _set_remote_layer_unusable(plan, role, boxes[role], others)
        return
    groups: list[set[str]] = []
    for role, box in boxes.items():
        near_groups = [
            group
            for group in groups
            if any(shapely.distance(box, boxes[other_role]) <= REMOTE_DISTANCE_M for other_role in group)
        ]
        groups = [group for group in groups if group not in near_groups] + [{role}.union(*near_groups)]
    county = plan.find_layer_of_concept("county")
    reference_group = max(
        groups,
        key=lambda group: (
            len(group),
            county is not None and county.role in group,
            sum(len(plan.layers[other_role]) for other_role in group),
        ),
        default=set(),
    )
    others = [(boxes[other_role], plan.layers[other_role]) for other_role in reference_group]
    for role in boxes.keys() - reference_group:
        _set_remote_layer_unusable(plan, role, boxes[role], others)


def _make_layer_boxes(plan: Plan) -> dict[str, Any]:
    """Return role → bounding box of the layer in the plane, for layers with one."""
    return {role: box for role, layer in plan.layers.items() if (box := _make_layer_box(layer)) is not None}


def _set_remote_layer_unusable(plan: Plan, role: str, box: Any, others: list[tuple[Any, Layer]]) -> None:
    """Move a layer to ``unusable_layers`` if the nearest of the others is far away.

    ``box``: bounding box of the layer; ``others``: boxes and layers to compare with.
    """
    distance, nearest = min(
        ((shapely.distance(box, other_box), other) for other_box, other in others), key=lambda pair: pair[0]
    )
    if distance <= REMOTE_DISTANCE_M:
        return
    layer = plan.layers.pop(role)
    degrees = layer.crs is not None and crs_care.describe_crs(layer.crs).is_geographic
    plan.unusable_layers[role] = UnusableLayer(
        role,
        layer.name,
        "apart_degrees" if degrees else "apart",
        {
            "crs": crs_care.make_crs_label(layer.crs),
            "distance_km": round(float(distance) / 1000, 1),
            "other": nearest.name,
        },
    )


def _make_layer_box(layer: Layer) -> Any:
    """Return the bounding box of a layer's rows in the plane, without stray rows; None if no row remains."""
    bounds = shapely.bounds(layer.unrepaired_shapes).reshape(-1, 4)
    bounds[list(layer.stray_rows)] = np.nan
    extent = _compute_extent(bounds)
    return shapely.box(*extent) if np.isfinite(extent).all() else None


def assemble_plan(
    sources: Iterable[SourceLayer],
    norm: Norm,
    *,
    roles: dict[str, str] | None = None,
    scope: str = "",
    base_year: int | None = None,
    source: str = "",
    reference_plan: Plan | None = None,
    cancellation: Cancellation = NEVER_CANCELLED,
    allow_no_layers: bool = False,
    project: bool = False,
    original_crs: CRS | None = None,
) -> Plan:
    """Return a plan built from layers as read.

    Parameters
    ----------
    roles
        Layer code → layer name: the user's choice, which overrides recognition.
    scope
        The kind of delivery; empty: derived from the layers.
    base_year
        Year of the land survey; None if unknown.
    source
        Name of the file or folder that the layers come from.
    reference_plan
        A plan with which the new plan is compared; the new plan gets its plane.
    allow_no_layers
        Return a plan without layers if no layer is recognised, for checks of other data.
    project
        The layers are those of a QGIS project, which also contains drafts and base maps.
    original_crs
        The CRS from which all layers were converted by vertex: their edges are straight there.

    Raises
    ------
    InputError
        No layer is recognised (unless ``allow_no_layers``), two layers have one layer code, or a chosen layer or scope
        is missing.
    """
    sources = list(sources)
    layer_by_role, role_reasons = _choose_roles(sources, norm, roles or {})
    if not layer_by_role and not allow_no_layers:
        raise InputError("no_recognised_layer", source=source, layers=", ".join(one.name for one in sources) or "-")
    usable_layers, unusable_layers, stray_rows = split_measurable_layers(layer_by_role)
    unrecognised = [one for one in sources if all(one is not chosen for chosen in layer_by_role.values())]
    crs, plane = (
        choose_findings_crs_and_plane(usable_layers, original_crs)
        if reference_plan is None
        else (reference_plan.crs, reference_plan.plane_crs)
    )
    used_scope = choose_scope(norm, set(usable_layers), scope)
    row_counts: dict[str, int | None] = {}
    for one in unrecognised:
        if not one.problem:
            earlier, count = row_counts.get(one.name, 0), one.known_row_count
            row_counts[one.name] = None if earlier is None or count is None else earlier + count
    plan = Plan(
        layers={},
        norm=norm,
        scope=used_scope,
        missed_scope=None
        if allow_no_layers
        else find_missed_scope(norm, set(usable_layers), used_scope, is_chosen_by_user=bool(scope)),
        crs=crs,
        plane_crs=plane,
        source=source,
        unusable_layers=unusable_layers,
        unrecognised_layers=[one.name for one in unrecognised if not one.problem],
        unrecognised_row_counts=row_counts,
        role_choices=role_reasons,
        base_year=base_year,
        input_files=tuple(dict.fromkeys(one.source for one in sources if one.source)),
    )
    for role in sorted(usable_layers, key=list(norm.standard.templates).index):
        cancellation.raise_if_cancelled()
        found = usable_layers[role]
        layer = Layer(found, find_best_template(found, role, norm), plan.plane_crs, stray_rows[role])
        layer.by_vertices = original_crs is not None and reference_plan is None
        plan.layers[role] = layer
        plan.notices += _find_value_notices(layer)
        if role_reasons[role] == "other_name" or norm.standard.is_other_schema(layer.template):
            plan.notices.append(_make_schema_notice(layer, norm.standard))
    plan.norm = norm.keep_confirmations_valid_for_area(plan.area_code)
    _snap_shared_vertices(plan)
    plan.unread_data = [*report_layers_without_shapes(plan), *report_reassigned_layers(layer_by_role, plan)]
    if not scope:
        plan.unread_data += report_empty_layers(plan)
    if not allow_no_layers:
        # The rules on packages report other content of a package.
        plan.unread_data += report_unread_layers(unrecognised, plan, project=project)
    move_remote_layers_to_unusable(plan, reference_plan)
    county = plan.find_layer_of_concept("county")
    county_box = None if county is None else _make_layer_box(county)
    if county_box is not None:
        # No row of a layer can be outside of the box around the county.
        reach = REMOTE_DISTANCE_M * np.array([-1, -1, 1, 1])
        for layer in plan.layers.values():
            layer.plausible_box = tuple((shapely.bounds(county_box) + reach).tolist())
    return plan


def _snap_shared_vertices(plan: Plan) -> None:
    """Prepare layers in other CRS so that shared vertices and edges become identical in the plane."""
    reprojected = [layer for layer in plan.layers.values() if layer.crs != plan.plane_crs]
    if not reprojected or plan.plane_crs != plan.crs:
        return
    shapes_by_layer = [(layer.crs, layer.raw_shapes) for layer in plan.layers.values() if layer.crs is not None]
    shared_edges = find_shared_edges(shapes_by_layer, plan.plane_crs)
    for layer in reprojected:
        if layer.crs in shared_edges:
            layer.undensified_edges = shared_edges[layer.crs]
    plane_shapes = [shapes for crs, shapes in shapes_by_layer if crs == plan.plane_crs]
    if plane_shapes:
        index = make_plane_vertex_index(np.concatenate(plane_shapes))
        for layer in reprojected:
            layer.vertex_index = index


def _choose_roles(
    sources: list[SourceLayer], norm: Norm, roles: dict[str, str]
) -> tuple[dict[str, SourceLayer], dict[str, str]]:
    """Return layer code → layer, and layer code → by what the layer was recognised."""
    layer_by_role: dict[str, SourceLayer] = {}
    role_reasons: dict[str, str] = {}
    for role, name in roles.items():
        if role not in norm.standard.templates:
            raise InputError("role_unknown", role=role, known=", ".join(sorted(norm.standard.templates)))
        layer_by_role[role], role_reasons[role] = _find_named_layer(sources, role, name), "chosen"
    chosen_ids = {id(layer_source) for layer_source in layer_by_role.values()}
    found_roles = [(source, *find_role(source, norm)) for source in sources]
    # A table or an unreadable file, and a layer with the name of another standard, get a role only if no layer has it.
    for source, role, reason in sorted(
        found_roles, key=lambda found: (found[0].problem is not None, found[2] == "other_name")
    ):
        earlier_layer = layer_by_role.get(role)
        is_late = source.problem is not None or reason == "other_name"
        is_settled = earlier_layer is not None and (role_reasons[role] == "chosen" or is_late)
        if not role or id(source) in chosen_ids or is_settled:
            continue
        if earlier_layer is not None:
            layer_names = [
                layer_source.name if source.name != earlier_layer.name else layer_source.full_name
                for layer_source in (earlier_layer, source)
            ]
            standard, count = find_standard_of_names(sources, norm)
            if standard is not None and "fields" in (reason, role_reasons[role]):
                # A layer was recognised by its fields only, because the standard in use lacks its name.
                raise InputError(
                    "two_layers_other_standard",
                    role=role,
                    first=layer_names[0],
                    second=layer_names[1],
                    standard=norm.standard.name,
                    other=standard.name,
                    key=standard.standard_key,
                    count=count,
                    all=len(sources),
                )
            raise InputError("two_layers_one_role", role=role, first=layer_names[0], second=layer_names[1])
        layer_by_role[role], role_reasons[role] = source, reason
    return layer_by_role, role_reasons


def _find_named_layer(sources: list[SourceLayer], role: str, name: str) -> SourceLayer:
    """Return the layer that the user named for a role, by layer name or ``file/name`` in any case.

    Raise InputError if no layer or several layers have that name.
    """
    for list_spellings in (
        lambda layer_source: (layer_source.name,),
        lambda layer_source: (layer_source.full_name,),
        lambda layer_source: (layer_source.name.upper(), layer_source.full_name.upper()),
    ):
        spelling = (
            name if name in {n for layer_source in sources for n in list_spellings(layer_source)} else name.upper()
        )
        matches = [layer_source for layer_source in sources if spelling in list_spellings(layer_source)]
        if len(matches) > 1:
            raise InputError(
                "role_layer_ambiguous",
                role=role,
                layer=name,
                layers=", ".join(layer_source.full_name for layer_source in matches),
            )
        if matches:
            return matches[0]
    raise InputError(
        "role_layer_missing",
        role=role,
        layer=name,
        layers=", ".join(layer_source.name for layer_source in sources) or "-",
    )


def _make_schema_notice(layer: Layer, standard: Standard) -> tuple[str, dict[str, Any]]:
    """Return the notice on the standard by which the fields of a layer are compared."""
    known = {one.id: one for one in standard.list_with_included_standards()}
    schema = known.get(layer.template.standard) or load_standard(layer.template.standard)
    return "notice_other_schema", {"layer": layer.name, "role": layer.role, "standard": schema.name}


def _find_value_notices(layer: Layer) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield notices (text key, parameters) on an empty layer, or on fields whose values were damaged before reading.

    A field is damaged if all its values are missing, digits are lost, or texts are garbled.
    """
    if not len(layer):
        yield "notice_empty_layer", {"layer": layer.name, "role": layer.role}
        return
    for template_field in layer.template.fields:
        values = layer.get_column_by_name(template_field.name)
        if values is None:
            continue
        params = {"layer": layer.name, "field": template_field.name}
        if template_field.type == "text" and values.dtype.kind == "f":
            has_lost_digits = np.abs(values.to_numpy(dtype=float, na_value=0.0)) >= 2**53
            if has_lost_digits.any():
                yield "notice_digits_lost", {**params, "count": int(has_lost_digits.sum())}
        elif values.dtype.kind not in "iufbM" and (texts := layer.get_garbled_texts(template_field.name)):
            example = "…" if template_field.personal else min(texts)[:20]
            yield "notice_garbled", {**params, "count": int(values.isin(list(texts)).sum()), "example": example}
