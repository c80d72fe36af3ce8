# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions for rules on land: shapes and places of features, farmland, control lines and planning zones.

They also find layers for rules that do not declare the layers they need.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..engine.context import RuleContext, trim_code_padding
from ..engine.geometry_queries import AreaShares
from ..geometry.corners import CornerDefects
from ..geometry.overlay import PointLinePieces
from ..geometry.overlay_pieces import OverlayPieces
from ..geometry.shape_comparison import normalize_shapes
from ..geometry.validity import mask_missing_shapes
from ..model.findings import Finding
from ..model.indicator import AREA_FIGURES, STATED_FIGURES
from ..model.rule import RuleResult
from ..plan.layer import Layer
from ._attributes import format_code_with_name

#: Polygons of examples of rules (m).
SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
EAST_SQUARE_WKT = "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"
WEST_HALF_WKT = "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))"
EAST_HALF_WKT = "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"
WIDER_WKT = "POLYGON ((0 0, 110 0, 110 100, 0 100, 0 0))"
OVERLAPPING_WKT = "POLYGON ((90 0, 190 0, 190 100, 90 100, 90 0))"
SQUARE_KM_WKT = "POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0))"
FAR_EAST_SQUARE_WKT = "POLYGON ((200 0, 300 0, 300 100, 200 100, 200 0))"
WIDE_WKT = "POLYGON ((0 0, 200 0, 200 100, 0 100, 0 0))"
RING_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))"
ISLAND_WKT = "POLYGON ((40 40, 60 40, 60 60, 40 60, 40 40))"
WEST_TOWNSHIP = {"wkt": SQUARE_WKT, "division_code": "140225100", "division_name": "甲镇"}
EAST_TOWNSHIP = {"wkt": EAST_SQUARE_WKT, "division_code": "140225101", "division_name": "乙乡"}
#: Statutory area of the square at the place of the examples, in m²: 100 km from the meridian the plane shows 0.025 %
#: too much.
SQUARE_M2 = 9997.55
#: Rules on overlaps of two of the three control lines.
CONTROL_LINE_OVERLAPS = ("REL001", "REL002", "REL003")
#: Rules that compare zones with the control line that they follow.
ZONE_DIFFERENCES = ("REL004", "REL005")


#: Decimals of metres to which bounding boxes are rounded before shapes are compared.
BOX_DECIMALS = 1


def select_valid_polygons(layer: Layer) -> NDArray:
    """Return the (n,) polygons of a layer in the plan's plane CRS.

    Rows with an invalid polygon (GEO002 reports it), another geometry type or no shape have None.
    """
    shapes = layer.plane_shapes.copy()
    shapes[layer.invalid_rows | ~np.isin(shapely.get_type_id(shapes), (3, 6))] = None
    shapes[mask_missing_shapes(shapes)] = None
    return shapes


def find_equal_shapes(layer: Layer, other_layer: Layer, within_m: float) -> NDArray:
    """Return (n,) the row of ``other_layer`` with the shape of each row of ``layer``.

    −1 where no row has it. Shapes are equal if their vertices are within ``within_m`` of each other, wherever the rings
    begin, and without vertices on straight edges. Rarely, a row whose bounding box is at the edge of rounding is not found.
    """
    row_of_equal_shape = np.full(len(layer), -1)
    keys, other_keys = _make_box_keys(layer.plane_shapes), _make_box_keys(other_layer.plane_shapes)
    rows, other_rows = np.flatnonzero(np.isfinite(keys)), np.flatnonzero(np.isfinite(other_keys))
    order = other_rows[np.argsort(other_keys[other_rows], kind="stable")]
    place = np.searchsorted(other_keys[order], keys[rows])
    rows, place = rows[place < len(order)], place[place < len(order)]
    is_same_box = other_keys[order[place]] == keys[rows]
    rows, match = rows[is_same_box], order[place[is_same_box]]
    is_equal = shapely.equals_exact(layer.plane_shapes[rows], other_layer.plane_shapes[match], within_m)
    unequal_positions = np.flatnonzero(~is_equal)
    is_equal[unequal_positions] = shapely.equals_exact(
        normalize_shapes(layer.plane_shapes[rows[unequal_positions]]),
        normalize_shapes(other_layer.plane_shapes[match[unequal_positions]]),
        within_m,
    )
    row_of_equal_shape[rows[is_equal]] = match[is_equal]
    return row_of_equal_shape


def _make_box_keys(shapes: NDArray) -> NDArray:
    """Return (n,) complex numbers that are equal for equal rounded bounding boxes; NaN without a shape."""
    boxes = np.round(shapely.bounds(shapes).reshape(-1, 4), BOX_DECIMALS)
    # A factor that is not a short fraction keeps different boxes apart.
    keys: NDArray = (boxes[:, 0] + np.pi * boxes[:, 2]) + 1j * (boxes[:, 1] + np.pi * boxes[:, 3])
    return keys


def make_findings_by_row(
    layer: Layer,
    corners: CornerDefects,
    is_selected: NDArray,
    measure_name: str,
    ctx: RuleContext,
    *,
    case: str,
    decimals: int = 2,
    **params: Any,
) -> Iterator[Finding]:
    """Yield one finding for each row that has corners; its geometry is their points.

    The parameter ``count`` of the message is the number of the row's corners; the parameter called ``measure_name``
    is their smallest measure, rounded to ``decimals``. The corners must be sorted by row.
    """
    vertices, distances = corners.vertex_xy[is_selected], corners.angle_or_distance[is_selected]
    rows, starts, counts = np.unique(corners.polygon_row[is_selected], return_index=True, return_counts=True)
    for row, start, count in zip(rows.tolist(), starts.tolist(), counts.tolist(), strict=True):
        row_slice = slice(start, start + count)
        yield ctx.make_row_finding(
            layer,
            row,
            case=case,
            params={**params, "count": count, measure_name: round(float(distances[row_slice].min()), decimals)},
            geometry=shapely.multipoints(vertices[row_slice]),
        )


def is_reported_elsewhere(ctx: RuleContext, code: str) -> bool:
    """Return True if another rule of this run reports the same problem.

    The calling rule then omits the problem.

    A rule that lacks a layer, a field or a side input reports nothing and does not count. The outcome of the rule
    that omits the problem names the other rule.
    """
    is_reported = any(rule.code == code and ctx.has_inputs_of_rule(rule) for rule in ctx.rules)
    if is_reported and code not in ctx.run_log.reporting_rules:
        ctx.run_log.reporting_rules.append(code)
    return is_reported


def is_layer_in_setting(layer: Layer, setting: str, ctx: RuleContext) -> bool:
    """Return True if a setting lists the layer by a concept, such as ``farmland``."""
    return any(layer.role in ctx.plan.list_roles_of_concept(concept) for concept in ctx.norm.get(setting))


def list_layers_of_setting(setting: str, ctx: RuleContext) -> list[Layer]:
    """Return the plan's layers that a setting lists by concept, each once."""
    layers = (ctx.plan.find_layer_of_concept(concept) for concept in ctx.norm.get(setting))
    return list({layer.role: layer for layer in layers if layer is not None}.values())


def must_not_overlap(layer: Layer) -> bool:
    """Return True for a layer of polygons that by its template must not overlap."""
    return layer.template.geometry == "polygon" and layer.template.overlap == "never"


def find_usable_layer_or_note_reason(concept_or_role: str, ctx: RuleContext, result: RuleResult) -> Layer | None:
    """Return the plan's layer of a code or concept; None without usable features.

    A concept (such as ``farmland``) is a name for several codes. A layer without usable coordinates or shapes is
    added to ``result.not_checked``. If the plan has a second layer of the same concept, which no rule reads, it is
    added to ``result.doubts``.
    """
    layer = ctx.plan.find_layer_of_concept(concept_or_role)
    if layer is None:
        unusable_layer = ctx.plan.find_unusable_layer(concept_or_role)
        if unusable_layer is not None:
            _add_not_checked(result, "layer_unusable", {"layer": unusable_layer.name, "role": unusable_layer.role})
        return None
    if layer.has_no_geometry:
        if len(layer):
            _add_not_checked(result, "layer_bare", {"layer": layer.name, "role": layer.role})
        return None
    result.doubts += [f"roles.{role}" for role in ctx.plan.list_unread_roles(concept_or_role)]
    return layer


def _add_not_checked(result: RuleResult, reason: str, params: dict[str, Any]) -> None:
    """Add a reason why something was not checked to the result, unless it is there."""
    if (reason, params) not in result.not_checked:
        result.not_checked.append((reason, params))


def find_usable_layers(names: Iterable[str], ctx: RuleContext, result: RuleResult) -> list[Layer]:
    """Return those of the plan's layers of some codes or concepts that have usable features, as above."""
    layers = (find_usable_layer_or_note_reason(name, ctx, result) for name in names)
    return [layer for layer in layers if layer is not None]


def make_findings_of_pieces(
    layer: Layer, other_layer: Layer, pieces: PointLinePieces, ctx: RuleContext, case: str | None = None
) -> Iterator[Finding]:
    """Yield a finding for each piece of a layer's points or lines inside or outside polygons of another layer.

    Without a ``case`` it is ``point`` or ``line``; a line then has its length as a parameter.
    """
    for row, other_row, shape in zip(
        pieces.point_or_line_row.tolist(), pieces.polygon_row.tolist(), pieces.piece_shape, strict=True
    ):
        is_measured = case is None and shape.length
        yield ctx.make_row_finding(
            layer,
            row,
            case=case or ("line" if is_measured else "point"),
            params={"length": round(float(shape.length), 1)} if is_measured else {},
            geometry=shape,
            related_role=other_layer.role,
            related_keys=[other_layer.keys[other_row]] if other_row >= 0 else [],
            by_place=other_row < 0,
        )


def give_findings_to_layer(findings: list[Finding], layer: Layer) -> None:
    """Make ``layer`` the layer of findings on rows of another one, and these rows the related ones."""
    for finding in findings:
        if "fid" in finding.params:
            finding.params["related_fid"] = finding.params.pop("fid")
        finding.related_role, finding.related_keys = finding.role, [finding.key]
        finding.role, finding.key = layer.role, ""


def find_polygons_overlapping_any(polygons: NDArray, shapes: NDArray) -> NDArray:
    """Return (n,) bool: polygons that overlap a shape; touching does not count."""
    present_shapes, polygon_rows = shapes[~mask_missing_shapes(shapes)], np.flatnonzero(~mask_missing_shapes(polygons))
    i, j = shapely.STRtree(polygons[polygon_rows]).query(present_shapes, predicate="intersects")
    inside = shapely.relate_pattern(polygons[polygon_rows[j]], present_shapes[i], "T********")
    intersects = np.zeros(len(polygons), dtype=bool)
    intersects[polygon_rows[j[inside]]] = True
    return intersects


def find_construction_land_rows(ctx: RuleContext, layer: Layer) -> NDArray:
    """Return (n,) bool: rows whose land use is construction land (建设用地).

    The code list gives the major class of each code. For a list without major classes the setting
    ``farmland.construction_classes`` applies. All are False for a layer without land-use codes.
    """
    land_use_field = layer.template.find_field("land_use")
    if land_use_field is None or not land_use_field.codes:
        return np.zeros(len(layer), dtype=bool)
    codes = ctx.get_code_list(land_use_field.codes)
    construction_codes = (
        {c.code for c in codes.entry_by_code.values() if c.other_columns.get("major_class") == "建设用地"}
        if any(c.other_columns.get("major_class") for c in codes.entry_by_code.values())
        else codes.collect_members(ctx.norm.get("farmland.construction_classes"))
    )
    return np.array(
        [trim_code_padding(value, land_use_field.code_pad) in construction_codes for value in layer.text("land_use")],
        dtype=bool,
    )


def compare_zones_with_line(zones: Layer, zone_rows: NDArray, line: Layer, ctx: RuleContext) -> list[Finding]:
    """Return a finding for each connected part where zones and a control line differ.

    Both should cover the same land. A part of the zones outside the line has the case ``zone_outside_line`` and the
    zone's row. A part of the line outside the zones has the case ``line_outside_zone``; its related key is that of
    the line's row.

    Parameters
    ----------
    zone_rows
        (n,) bool: the rows of ``zones`` that are compared.
    """
    findings = ctx.make_pair_findings(
        zones,
        line,
        ctx.geometry.find_uncovered_pieces(zones, line, rows=zone_rows),
        case="zone_outside_line",
        params={"direction": "zone_outside_line"},
        by_place=True,
    )
    findings_on_line = ctx.make_pair_findings(
        line,
        zones,
        ctx.geometry.find_uncovered_pieces(line, zones, cover_rows=zone_rows),
        case="line_outside_zone",
        params={"direction": "line_outside_zone"},
        by_place=True,
    )
    # The findings belong to the zones, the first concept of the rule.
    give_findings_to_layer(findings_on_line, zones)
    record_features_at_findings(findings, line, ctx)
    record_features_at_findings(findings_on_line, zones, ctx)
    return findings + findings_on_line


#: Largest number of features that a message names at the place of a finding.
_MAX_FEATURES_THERE = 3


def record_features_at_findings(findings: list[Finding], layer: Layer, ctx: RuleContext) -> None:
    """Record which features of a layer are at the place of each finding, for its message.

    Such a finding is on land where the layer lacks a feature of one kind, so it has the key of one side only. The
    message names the features on that land, the largest share first, else those next to it. Only the words of the
    message contain them (``shown``): they have no part in fingerprints and waivers.
    """
    if not findings:
        return
    rows_on, rows_next = ctx.geometry.find_rows_at_shapes(layer, [finding.geometry for finding in findings])
    for finding, on, adjacent in zip(findings, rows_on, rows_next, strict=True):
        rows = on or adjacent
        features: list[dict[str, Any]] = []
        for row in rows[:_MAX_FEATURES_THERE]:
            features.append({"key": layer.keys[row]})
            if row in layer.repeated_keys:
                features[-1]["fid"] = layer.fids[row]
            if layer.has_field("zone_code"):
                features[-1]["label"] = format_code_with_name(layer, "zone_code", layer.text("zone_code")[row], ctx)
        finding.params["shown"] = {
            **finding.params.get("shown", {}),
            "there": {
                "role": layer.role,
                "place": "on" if on else "next" if adjacent else "none",
                "features": features,
                "count": len(rows),
            },
        }


def find_row_of_largest_piece(pieces: OverlayPieces | AreaShares, is_selected: NDArray) -> int:
    """Return the row of the right layer that has the largest of the selected pieces ((k,) bool)."""
    return int(pieces.right[is_selected][np.argmax(pieces.area[is_selected])])


def record_codes_of_pairs(
    findings: list[Finding],
    pieces: OverlayPieces,
    left_layer: Layer,
    right_layer: Layer,
    meaning: str,
    right_name: str,
    ctx: RuleContext,
) -> None:
    """Record the codes of both rows in findings on pieces of land, and the codes with their names for the messages.

    ``meaning``: of the field with the codes; ``right_name``: parameter with the code of the row of ``right_layer``,
    beside ``value`` for that of ``left_layer``.
    """
    codes, right_codes = left_layer.text(meaning), right_layer.text(meaning)
    for finding, i, j in zip(findings, pieces.left.tolist(), pieces.right.tolist(), strict=True):
        finding.params |= {
            "value": codes[i],
            right_name: right_codes[j],
            "shown": {
                "value": format_code_with_name(left_layer, meaning, codes[i], ctx),
                right_name: format_code_with_name(right_layer, meaning, right_codes[j], ctx),
            },
        }


def record_codes(findings: list[Finding], rows: NDArray, layer: Layer, meaning: str, ctx: RuleContext) -> None:
    """Record in each finding the code of its row of a layer, and the code with its name for the message."""
    codes = layer.text(meaning)
    for finding, row in zip(findings, rows.tolist(), strict=True):
        finding.params |= {
            "value": codes[row],
            "shown": {"value": format_code_with_name(layer, meaning, codes[row], ctx)},
        }


def find_role_of_figure(indicator: str, ctx: RuleContext) -> str:
    """Return the code of the plan's layer that gives a figure, or of the layer that would give it."""
    concept, _ = {**AREA_FIGURES, **STATED_FIGURES}[indicator]
    layer = ctx.plan.find_layer_of_concept(concept)
    return layer.role if layer is not None else ctx.plan.list_roles_of_concept(concept)[0]


def find_limit_origin(setting: str, limit: float, ctx: RuleContext) -> str:
    """Return what set a limit of a rule: the county's ``profile``, this ``run``, or the ``default``."""
    if ctx.norm.has_setting(setting) and float(ctx.norm.get(setting)) != limit:
        return "run"
    return "profile" if setting in ctx.norm.profile.settings else "default"
