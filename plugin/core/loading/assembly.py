# SPDX-License-Identifier: GPL-2.0-or-later
"""Build a plan from layers as read, all in one CRS."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ..cancellation import NEVER, Cancellation
from ..errors import InputError
from ..geometry import crs as crs_care
from ..geometry.crs import find_coordinate_problem
from ..geometry.edge_densification import shared_edges
from ..geometry.vertex_index import plane_vertices
from ..plan.layer import Layer, SourceLayer
from ..plan.plan import Plan, Unusable
from ..profile import Norm
from .recognition import best_template, choose_scope, find_missed_scope, find_role
from .unread_files import (
    report_empty_layers,
    report_layers_without_shapes,
    report_reassigned_layers,
    report_unread_layers,
)

Strays = dict[int, tuple[str, dict[str, Any]]]


def split_measurable(
    chosen: dict[str, SourceLayer],
) -> tuple[dict[str, SourceLayer], dict[str, Unusable], dict[str, Strays]]:
    """Return measurable layers, unusable ones, and stray rows of the measurable ones."""
    usable, unusable, strays = {}, {}, {}
    for role, source in chosen.items():
        problem, stray = validate_coordinates(source)
        if problem:
            unusable[role] = Unusable(role, source.name, *problem)
            continue
        usable[role] = source
        strays[role] = stray
    return usable, unusable, strays


def validate_coordinates(source: SourceLayer) -> tuple[tuple[str, dict[str, Any]] | None, Strays]:
    """Return why a layer cannot be measured (or None), and its rows outside the CRS."""
    problem = source.problem or find_coordinate_problem(source.crs, _find_middle(source))
    if problem or not find_coordinate_problem(source.crs, _measure_extent(source)):
        return problem, {}
    rows = enumerate(_measure_rows(source))
    found = {n: find_coordinate_problem(source.crs, b) for n, b in rows if np.isfinite(b).all()}
    return None, {n: p for n, p in found.items() if p}


def _measure_rows(source: SourceLayer) -> NDArray:
    return shapely.bounds(source.frame.geometry.to_numpy()).reshape(-1, 4)


def _find_middle(source: SourceLayer) -> NDArray:
    """Return the median of the rows' bounds (NaN without rows).

    A few stray rows do not affect it.
    """
    bounds = _measure_rows(source)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    return np.median(bounds, axis=0) if len(bounds) else np.full(4, np.nan)


def _measure_extent(source: SourceLayer) -> NDArray:
    bounds = _measure_rows(source)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(bounds):
        return np.full(4, np.nan)
    return np.concatenate([bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)])


def choose_planes(usable: dict[str, SourceLayer], original_crs: CRS | None = None) -> tuple[CRS, CRS]:
    """Return the CRS of findings and the plane for detection.

    ``original_crs``: the CRS in which all layers were drawn, if it differs.
    """
    longitude, latitude = 114.0, 36.0
    for source in usable.values():
        bounds = _find_middle(source)
        if source.crs is not None and np.isfinite(bounds).all():
            centre = np.array([shapely.Point((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2)])
            place = crs_care.to_lonlat(centre, source.crs)[0]
            longitude, latitude = float(place.x), float(place.y)
            break
    rows = [(original_crs or s.crs, len(s.frame)) for s in usable.values() if s.crs is not None]
    crs = crs_care.choose_crs(rows, longitude, latitude)
    # A layer without rows has no influence.
    found = {crs for crs, features in rows if features}
    if len(found) == 1 and all(crs_care.describe_crs(c).geographic for c in found):
        return crs, crs_care.make_local_plane(longitude, latitude)
    return crs, crs


#: The next 3° zone is 200 km away or more; a small layer may be some kilometres from the others.
REMOTE_DISTANCE_M = 100_000.0


def flag_remote_layers(plan: Plan, reference_plan: Plan | None = None) -> None:
    """Mark layers far away from the others as unusable: their zone is wrong.

    The reference location is that of most layers; of two that disagree, the county's outline, else the layer with more
    features. With a ``reference_plan`` for comparison, it is that plan's location.
    """
    boxes = _make_boxes(plan)
    if reference_plan is not None and (places := _make_boxes(reference_plan)):
        for role in boxes:
            _mark_remote(
                plan, role, [(shapely.distance(boxes[role], b), reference_plan.layers[r]) for r, b in places.items()]
            )
        return
    groups: list[set[str]] = []
    for role, box in boxes.items():
        near = [g for g in groups if any(shapely.distance(box, boxes[r]) <= REMOTE_DISTANCE_M for r in g)]
        groups = [g for g in groups if g not in near] + [{role}.union(*near)]
    county = plan.concept("county")
    home = max(
        groups,
        key=lambda g: (len(g), county is not None and county.role in g, sum(len(plan.layers[r]) for r in g)),
        default=set(),
    )
    for role in boxes.keys() - home:
        _mark_remote(plan, role, [(shapely.distance(boxes[role], boxes[r]), plan.layers[r]) for r in home])


def _make_boxes(plan: Plan) -> dict[str, Any]:
    return {role: box for role, layer in plan.layers.items() if (box := _make_box(layer)) is not None}


def _mark_remote(plan: Plan, role: str, others: list[tuple[float, Layer]]) -> None:
    """Mark a layer as unusable because it is far from all others (m, layer)."""
    distance, nearest = min(others, key=lambda other: other[0])
    if distance <= REMOTE_DISTANCE_M:
        return
    layer = plan.layers.pop(role)
    params = {
        "crs": crs_care.crs_label(layer.crs),
        "distance_km": round(float(distance) / 1000, 1),
        "other": nearest.name,
    }
    degrees = layer.crs is not None and crs_care.describe_crs(layer.crs).geographic
    plan.unusable[role] = Unusable(role, layer.name, "apart_degrees" if degrees else "apart", params)


def _make_box(layer: Layer) -> Any:
    """Return a layer's bounding box in the plane without stray rows.

    None if no row remains.
    """
    bounds = shapely.bounds(layer.original).reshape(-1, 4)
    kept = np.isfinite(bounds).all(axis=1)
    kept[list(layer.stray_rows)] = False
    if not kept.any():
        return None
    return shapely.box(*bounds[kept, :2].min(axis=0), *bounds[kept, 2:].max(axis=0))


def assemble_plan(
    sources: Iterable[SourceLayer],
    norm: Norm,
    *,
    roles: dict[str, str] | None = None,
    scope: str = "",
    base_year: int | None = None,
    source: str = "",
    reference_plan: Plan | None = None,
    cancellation: Cancellation = NEVER,
    allow_no_layers: bool = False,
    project: bool = False,
    original_crs: CRS | None = None,
) -> Plan:
    """Build a plan from layers as read.

    Parameters
    ----------
    roles
        Role → layer name: the user's choice, which overrides recognition.
    reference_plan
        A plan in whose plane these layers are placed, for comparison.
    project
        The layers are those of a QGIS project, which also contains drafts and base maps.
    original_crs
        The CRS from which all layers were converted by vertex: their edges are straight there.

    Raises
    ------
    InputError
        No layer is recognised (unless ``allow_no_layers``, for checks of other data), two layers claim one role, or a
        chosen layer or scope is missing.
    """
    sources = list(sources)
    chosen, how = _choose_roles(sources, norm, roles or {})
    if not chosen and not allow_no_layers:
        names = ", ".join(s.name for s in sources) or "-"
        raise InputError("no_recognised_layer", source=source, layers=names)
    usable, unusable, strays = split_measurable(chosen)
    others = [s for s in sources if all(s is not c for c in chosen.values())]
    crs, plane = (
        (reference_plan.crs, reference_plan.plane)
        if reference_plan is not None
        else choose_planes(usable, original_crs)
    )
    taken = choose_scope(norm, set(usable), scope)
    plan = Plan(
        layers={},
        norm=norm,
        scope=taken,
        missed_scope=None if allow_no_layers else find_missed_scope(norm, set(usable), taken, chosen=bool(scope)),
        crs=crs,
        plane=plane,
        source=source,
        unusable=unusable,
        unrecognised=[s.name for s in others if not s.problem],
        role_choices=how,
        base_year=base_year,
        inputs=tuple(dict.fromkeys(s.source for s in sources if s.source)),
    )
    for role, read in sorted(usable.items(), key=lambda item: list(norm.standard.templates).index(item[0])):
        cancellation.raise_if_cancelled()
        layer = Layer(read, best_template(read, role, norm), plan.plane, strays.get(role))
        layer.by_vertices = original_crs is not None and reference_plan is None
        plan.layers[role] = layer
        plan.notices += _find_value_notices(layer)
    plan.norm = norm.for_area(plan.area_code)
    _snap_shared_vertices(plan)
    plan.unread = report_layers_without_shapes(plan) + report_reassigned_layers(chosen, plan)
    if not scope:
        plan.unread += report_empty_layers(plan)
    if not allow_no_layers:
        # The rules on packages report other content of a package.
        plan.unread += report_unread_layers(others, plan, project=project)
    flag_remote_layers(plan, reference_plan)
    return plan


def _snap_shared_vertices(plan: Plan) -> None:
    """Keep vertices and edges identical that layers in several CRS share."""
    foreign = [layer for layer in plan.layers.values() if layer.crs != plan.plane]
    if not foreign or plan.plane != plan.crs:
        return
    drawn = [(layer.crs, layer.raw_shapes) for layer in plan.layers.values() if layer.crs is not None]
    shared = shared_edges(drawn, plan.plane)
    for layer in foreign:
        if layer.crs in shared:
            layer.undensified_edges = shared[layer.crs]
    home = [shapes for crs, shapes in drawn if crs == plan.plane]
    if home:
        index = plane_vertices(np.concatenate(home))
        for layer in foreign:
            layer.vertex_index = index


def _choose_roles(
    sources: list[SourceLayer], norm: Norm, roles: dict[str, str]
) -> tuple[dict[str, SourceLayer], dict[str, str]]:
    chosen: dict[str, SourceLayer] = {}
    how: dict[str, str] = {}
    for role, name in roles.items():
        if role not in norm.standard.templates:
            raise InputError("role_unknown", role=role, known=", ".join(sorted(norm.standard.templates)))
        chosen[role], how[role] = _named(sources, role, name), "chosen"
    taken = {id(s) for s in chosen.values()}
    # A table or an unreadable file gets a role only if no layer has it.
    for source in sorted(sources, key=lambda s: s.problem is not None):
        role, reason = find_role(source, norm)
        if not role or id(source) in taken:
            continue
        if role in chosen:
            other = chosen[role]
            if how[role] == "chosen" or source.problem:
                continue
            names = [s.name if source.name != other.name else s.full_name for s in (other, source)]
            raise InputError("two_layers_one_role", role=role, first=names[0], second=names[1])
        chosen[role], how[role] = source, reason
    return chosen, how


def _named(sources: list[SourceLayer], role: str, name: str) -> SourceLayer:
    """Return the layer that the user named: by name or ``file/name``, in any case."""
    for means in (lambda s: (s.name,), lambda s: (s.full_name,), lambda s: (s.name.upper(), s.full_name.upper())):
        wanted = name if name in {n for s in sources for n in means(s)} else name.upper()
        found = [s for s in sources if wanted in means(s)]
        if len(found) > 1:
            raise InputError(
                "role_layer_ambiguous", role=role, layer=name, layers=", ".join(s.full_name for s in found)
            )
        if found:
            return found[0]
    raise InputError("role_layer_missing", role=role, layer=name, layers=", ".join(s.name for s in sources) or "-")


def _find_value_notices(layer: Layer) -> list[tuple[str, dict[str, Any]]]:
    """Return notices on values damaged before reading.

    All missing, digits lost, or text garbled.
    """
    if not len(layer):
        return [("notice_empty_layer", {"layer": layer.name, "role": layer.role})]
    notices: list[tuple[str, dict[str, Any]]] = []
    for declared in layer.template.fields:
        values = layer.named(declared.name)
        if values is None:
            continue
        params = {"layer": layer.name, "field": declared.name}
        if declared.type == "text" and values.dtype.kind == "f":
            lost = np.abs(values.to_numpy(dtype=float, na_value=0.0)) >= 2**53
            if lost.any():
                notices.append(("notice_digits_lost", {**params, "count": int(lost.sum())}))
        elif values.dtype.kind not in "iufbM":
            texts = layer.garbled_rows(declared.name)
            if texts:
                count = int(values.isin(list(texts)).sum())
                notices.append(
                    (
                        "notice_garbled",
                        {**params, "count": count, "example": "…" if declared.personal else min(texts)[:20]},
                    )
                )
    return notices
