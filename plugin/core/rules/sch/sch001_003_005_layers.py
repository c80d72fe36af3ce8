# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on whole layers: present, in a usable CRS, of the right geometry type."""

from collections import defaultdict
from typing import Any

import numpy as np
import shapely

from ...engine.context import RuleContext
from ...geometry import crs as crs_care
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.divisions import find_extent_if_remote
from ...standard.messages.texts import ConceptName
from ...standard.profile.profile_data import ABSENCE_ITEM
from .._attributes import MAX_NAMED_ROWS, make_row_list_params
from .._places import SQUARE_WKT

ALL_REQUIRED_LAYERS = {
    "farmland": [SQUARE_WKT],
    "red_line": [SQUARE_WKT],
    "boundary": [SQUARE_WKT],
    "base_parcels": [SQUARE_WKT],
}


@rule(
    "SCH001",
    "required-layers",
    problem="A mandatory layer is missing",
    severity=Severity.WARNING,
    basis=["county-db", "three-line-rules-2022"],
    needs={},
    messages={
        "": "The delivery has no layer for {concept} ({any_role}). Rules that need it are skipped, which is not a pass. "
        "Add the layer; if the data have it under another name, assign it under Layer Roles.",
        "empty": "The layer for {concept} ({layer}) has no features. Rules that need it are skipped, which is not a "
        "pass. Add the data; if the county has none, declare this in the profile.",
    },
    fails=[
        RuleExample("boundary missing", {k: v for k, v in ALL_REQUIRED_LAYERS.items() if k != "boundary"}, finds=1),
        RuleExample("boundary without a feature", {**ALL_REQUIRED_LAYERS, "boundary": []}, finds=1),
    ],
    passes=[RuleExample("all four there", ALL_REQUIRED_LAYERS)],
)
def required_layers(*, ctx: RuleContext) -> RuleResult:
    """Mandatory layers are present.

    What it checks
        Each concept that the delivery's scope requires has a layer with at least one feature.
    Why
        A rule without its layer cannot be checked, and “no finding” would look like a pass.
    How to fix
        Add the layer under its official code and fill it, or assign a layer to the role under Layer Roles; declare
        in the county profile what the county does not have.
    Limits
        Checks that layer and features are present, not that the layer is complete. A concept that the profile
        declares absent is not required; if a scope makes it mandatory, the outcome stays in doubt. In a database
        without any features, layers are required and features are not; the outcome notes it.
    """
    result = RuleResult()
    has_no_features = bool(ctx.plan.layers) and not any(len(layer) for layer in ctx.plan.layers.values())
    for concept in ctx.norm.standard.scopes[ctx.plan.scope].mandatory_concepts:
        # The layer is present but unusable: SCH003 reports its problem.
        if not ctx.plan.requires_concept(concept) or ctx.plan.find_unusable_layer(concept) is not None:
            continue
        layer, roles = ctx.plan.find_layer_of_concept(concept), ctx.plan.list_roles_of_concept(concept)
        if layer is None or (not len(layer) and not has_no_features):
            result.findings.append(
                Finding(
                    role=roles[0] if layer is None else layer.role,
                    case="" if layer is None else "empty",
                    params={"concept": ConceptName(concept), "roles": list(roles)},
                )
            )
        if layer is not None and layer.has_no_geometry and not has_no_features:
            # No rule can check the layer: the run is incomplete.
            result.not_checked.append(("layer_bare", {"layer": layer.name, "role": layer.role}))
    # The plan's kind of delivery (scope) names them, and it or another one makes them mandatory.
    scope = ctx.norm.standard.scopes[ctx.plan.scope]
    mandatory = {concept for one in ctx.norm.standard.scopes.values() for concept in one.mandatory_concepts}
    concepts_of_scope = {*scope.mandatory_concepts, *scope.conditional_concepts, *scope.optional_concepts}
    for concept in sorted(ctx.norm.profile.absent & mandatory & concepts_of_scope):
        # A declaration cannot replace a layer that every plan must have.
        result.doubts.append(f"{ABSENCE_ITEM}.{concept}")
        result.notes.append(
            ("declared_absent", {"concept": concept, "roles": " / ".join(ctx.plan.list_roles_of_concept(concept))})
        )
    if has_no_features:
        result.not_checked.append(("nothing_drawn", {"count": len(ctx.plan.layers)}))
    return result


ZONE_38_SQUARE_WKT = (
    "POLYGON ((38600000 4380000, 38600100 4380000, 38600100 4380100, 38600000 4380100, 38600000 4380000))"
)
#: The parameters of a CRS in a message.
PARAMETERS = (
    "projection {projection}, central meridian {meridian}, scale factor {scale}, false easting {easting}, false "
    "northing {northing}, latitude of origin {latitude}, datum {datum}, ellipsoid {ellipsoid}, unit {axis_unit}"
)


@rule(
    "SCH003",
    "layer-crs",
    problem="Coordinates and coordinate system disagree",
    basis=["cgcs2000"],
    needs={},
    messages={
        "unusable": "{problem_text} Rules that need this layer are skipped.",
        "mixed_zones": "{layer} is in {crs} (zone {zone}), but the plan is measured in {plane} (zone {plane_zone}); "
        "the check used a reprojected copy. All layers of a delivery must be in one zone: reproject the layer to "
        "{plane}, or all layers to the zone that the receiving side requires. The layer was not changed.",
        "with_prefix": "{layer} is in {crs} with the zone prefix, but the plan is measured in {plane} without it; "
        "the check used a reprojected copy. Deliver this layer without the prefix, or all layers with it if the "
        "receiving side requires that; the layer was not changed.",
        "without_prefix": "{layer} is in {crs} without the zone prefix, but the plan is measured in {plane} with it; "
        "the check used a reprojected copy. Deliver this layer with the prefix, or all layers without it if the "
        "receiving side requires that; the layer was not changed.",
        "not_cgcs2000": "{layer} is in {crs}, which is not CGCS2000. The check used its coordinates without a datum "
        "shift, so positions may be offset. Convert the layer to CGCS2000 with the parameters of the surveying "
        "authority; the layer was not changed.",
        "not_cgcs2000_parameters": f"{{layer}} is in {{crs}}, which is not CGCS2000 ({PARAMETERS}). The check used "
        "its coordinates without a datum shift, so positions may be offset. Convert the layer to CGCS2000 with the "
        "parameters of the surveying authority; the layer was not changed.",
        "not_standard": "{layer} is in {crs}, which is neither EPSG:4490 nor a 3° or 6° Gauss–Krüger zone of "
        f"CGCS2000 ({PARAMETERS}). If the data were drawn with these parameters, reproject the layer to the zone of "
        "the delivery, else set the right CRS; the layer was not changed.",
        "shapes_declare": "{layer} is in {crs}, but some of its shapes declare another coordinate system ({found}); shapes: {count}{listed_rows}. "
        "They were read in the layer's CRS; {coordinates}. Write the layer again from its source. If it meets the other layers, "
        "only the declaration is wrong and the check is not affected; if it is shifted, determine its CRS first. The layer was not changed.",
        "described": "{layer} was read in {crs} by the code in its file, but the definition in the same file "
        "describes {found}. Programs that use the definition place the layer elsewhere. First compare the layer with "
        "the edges of the administrative divisions: if it fits, the code is right, else the definition. Then write "
        "the layer again from its source in the right CRS; the layer was not changed.",
        "far_away": "{layer} is at {longitude}°E in {crs}, but the codes are those of {county} ({west}–{east}°E): most likely the zone is wrong, in this and the other layers. Check their CRS; no layer was changed.",
        "far_away_degrees": "{layer} is at {longitude}°E, but the codes are those of {county} ({west}–{east}°E). Degrees have no zone: check the source of the data, the division codes and the coordinates; no layer was changed.",
        "outside_crs": "Layers in {crs} ({count}: {layers}) are at {place}, completely outside the area of use of that CRS ({range}), where areas and lengths are distorted. Check the CRS, or reproject to the zone of that place; no layer was changed.",
    },
    fails=[
        RuleExample("zone 37 written on coordinates of zone 38", {"red_line": [{"wkt": ZONE_38_SQUARE_WKT, "crs": 4525}]}, finds=1),
        RuleExample("400 km from the central meridian", {"red_line": [{"wkt": ZONE_38_SQUARE_WKT.replace("386", "389"), "crs": 4526}]}, finds=1),
        RuleExample("two zones", {"red_line": [{"wkt": ZONE_38_SQUARE_WKT, "crs": 4526}], "boundary": [{"wkt": ZONE_38_SQUARE_WKT, "crs": 4526}],
                              "farmland": [{"wkt": ZONE_38_SQUARE_WKT.replace("386", "378"), "crs": 4525}]}, finds=1),
    ],
    passes=[RuleExample("one zone", {"red_line": [{"wkt": ZONE_38_SQUARE_WKT, "crs": 4526}], "boundary": [{"wkt": ZONE_38_SQUARE_WKT, "crs": 4526}]})],
)  # fmt: skip
def layer_crs(*, ctx: RuleContext, beyond_area_degrees: float = 0.5) -> list[Finding]:
    """Coordinates and coordinate system agree.

    What it checks
        Each layer can be read, has shapes and a CRS, its coordinates fit the CRS (degrees or metres, zone, prefix, axis
        order, place) and are in the CRS's area of use, the CRS is EPSG:4490 or a 3° or 6° zone of CGCS2000, all
        projected layers are in one zone, the shapes of a GeoPackage declare the CRS of their layer, and a file's code
        and definition of the CRS agree.
    Why
        A layer in the wrong zone is shifted by three degrees: no conflict is found because no layers meet.
    How to fix
        Set the layer's CRS to that of its coordinates (the message names it where it can be determined), or reproject
        the layer.
    Limits
        A wrong zone without prefix is found only by the distance to other layers, or to the county (or its city) in
        the list of divisions. EPSG:4490 in addition to one projected zone is usual for sealed data and is only noted.
    """
    findings = [
        Finding(one.role, case="unusable", params={"problem": one.problem, "layer_name": one.name, **one.params})
        for one in ctx.plan.unusable_layers.values()
    ]
    plane_crs_info = crs_care.describe_crs(ctx.plan.crs)
    for layer in ctx.plan.layers.values():
        crs = layer.known_crs
        layer_crs_info = crs_care.describe_crs(crs)
        params: dict[str, Any] = {"crs": crs_care.make_crs_label(crs), "plane": crs_care.make_crs_label(ctx.plan.crs)}
        declared_counts = layer.source.shape_crs
        if declared_counts:
            declared_fids = set(layer.source.shape_crs_fids)
            positions = [position for position, fid in enumerate(layer.fids) if fid in declared_fids]
            listed_rows = make_row_list_params(layer, positions, MAX_NAMED_ROWS)
            count = sum(declared_counts.values())
            shapes = params | {
                "count": count,
                "found": ", ".join(f"{system} × {number}" for system, number in sorted(declared_counts.items())),
                "fids": listed_rows["fids"],
                "more": " …" if count > len(listed_rows["fids"]) else "",
                "shown": listed_rows["shown"],
                # Not all shapes are known by their ids: a stray row may be one of the others.
                "coordinates": "coordinates_contradict" if layer.stray_rows else "coordinates_fit",
            }
            findings.append(Finding(layer.role, case="shapes_declare", severity=Severity.WARNING, params=shapes))
        if layer.source.described_crs:
            findings.append(
                Finding(
                    layer.role,
                    case="described",
                    severity=Severity.WARNING,
                    params=params | {"found": layer.source.described_crs},
                )
            )
        if not crs_care.is_standard_zone(crs):
            case = "not_standard" if layer_crs_info.is_cgcs2000 else "not_cgcs2000"
            params["shown"] = {"variant": "parameters", **crs_care.describe_parameters(crs)}
        elif layer_crs_info.is_geographic or (layer_crs_info.zone_number, layer_crs_info.has_zone_prefix) == (
            plane_crs_info.zone_number,
            plane_crs_info.has_zone_prefix,
        ):
            continue
        elif layer_crs_info.zone_number == plane_crs_info.zone_number:
            case = "with_prefix" if layer_crs_info.has_zone_prefix else "without_prefix"
        else:
            case = "mixed_zones"
            params |= {"zone": str(layer_crs_info.zone_number), "plane_zone": str(plane_crs_info.zone_number)}
        findings.append(Finding(layer.role, case=case, severity=Severity.WARNING, params=params))
    # Where all layers are in another zone, the county's longitudes are the better hint.
    return findings + (
        _report_remote_plan(ctx)
        or _report_outside_area_of_use(ctx, {finding.role for finding in findings}, beyond_area_degrees)
    )


def _report_outside_area_of_use(ctx: RuleContext, reported_roles: set[str], margin: float) -> list[Finding]:
    """Return a finding for each CRS whose layers are outside its area of use.

    They are outside by more than ``margin`` degrees. ``reported_roles`` has the codes of layers whose CRS another
    finding names already.
    """
    outside: dict[str, list[tuple[Layer, Any, tuple[float, ...]]]] = defaultdict(list)
    for layer in ctx.plan.layers.values():
        area_of_use = crs_care.find_area_of_use(layer.crs) if layer.crs is not None else None
        if area_of_use is None or layer.has_no_geometry or layer.role in reported_roles:
            continue
        bounds = layer.row_bounds
        xmin, ymin, xmax, ymax = bounds[np.logical_and.reduce([np.isfinite(column) for column in bounds.T])].T
        extent = shapely.box(xmin.min(), ymin.min(), xmax.max(), ymax.max())
        box = crs_care.reproject_to_lonlat(np.array([extent]), ctx.plan.plane_crs)[0]
        if shapely.distance(box, shapely.box(*area_of_use)) > margin:
            outside[crs_care.make_crs_label(layer.crs)].append((layer, box.centroid, area_of_use))
    findings = []
    for crs, layers in outside.items():
        first, middle, (west, south, east, north) = layers[0]
        params = {
            "crs": crs,
            "count": len(layers),
            "layers": [layer.role for layer, *_ in layers],
            "place": f"{middle.x:.2f}°E, {middle.y:.2f}°N",
            "range": f"{west:g}–{east:g}°E, {south:g}–{north:g}°N",
        }
        findings.append(Finding(first.role, case="outside_crs", severity=Severity.WARNING, params=params))
    return findings


def _report_remote_plan(ctx: RuleContext) -> list[Finding]:
    """Return a finding if the plan's longitude contradicts its county's code.

    All layers agree with each other, so that no comparison between layers shows it.
    """
    divisions = ctx.norm.standard.code_lists.get("divisions")
    layer = ctx.plan.find_layer_of_concept("county") or next(iter(ctx.plan.layers.values()), None)
    if divisions is None or layer is None or layer.crs is None or layer.has_no_geometry:
        return []
    bounds = layer.row_bounds
    median_point = shapely.points([np.nanmedian((bounds[:, :2] + bounds[:, 2:]) / 2, axis=0)])
    longitude = float(shapely.get_x(crs_care.reproject_to_lonlat(median_point, ctx.plan.plane_crs))[0])
    extent = find_extent_if_remote(longitude, ctx.plan.area_code, divisions)
    if extent is None:
        return []
    return [
        Finding(
            layer.role,
            case="far_away_degrees" if crs_care.describe_crs(layer.crs).is_geographic else "far_away",
            severity=Severity.WARNING,
            params={
                "crs": crs_care.make_crs_label(layer.crs),
                "longitude": f"{longitude:.2f}",
                "county": extent.division.name,
                "west": f"{extent.west:.2f}",
                "east": f"{extent.east:.2f}",
            },
        )
    ]


#: By the dimension of a shape.
GEOMETRY_BY_DIMENSION = ("point", "line", "polygon")


@rule(
    "SCH005",
    "layer-geometry",
    problem="Geometry type differs from the template",
    basis=["county-db"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer} requires the geometry type {expected}; features of another type ({types}): {count}{listed_rows}. Draw them "
        "again as {expected}; move features of other layers there, and delete superfluous ones.",
        "heights": "{layer} must be two-dimensional, but its features have heights (Z); features: {count}. Areas are "
        "measured without heights, and the receiver's program may refuse them. Save the layer again without Z.",
    },
    fails=[
        RuleExample("a line among polygons", {"layer": [SQUARE_WKT, "LINESTRING (0 0, 50 50)"]}, finds=1),
        RuleExample("points and lines", {"layer": [SQUARE_WKT, "LINESTRING (0 0, 50 50)", "POINT (1 1)", "POINT (2 2)"]}, finds=1),
        RuleExample("a polygon with heights", {"layer": [SQUARE_WKT, "POLYGON Z ((0 0 900, 9 0 900, 9 9 900, 0 0 900))"]}, finds=1),
    ],
    passes=[
        RuleExample("polygon and multipolygon", {"layer": [SQUARE_WKT, "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0)))"]}),
        RuleExample("a point with a height", {"layer": ["POINT Z (1 1 900)"]}, roles={"layer": "WWBHDWD"}),
        RuleExample("nothing drawn is another matter", {"layer": [SQUARE_WKT, None, "LINESTRING EMPTY"]}),
    ],
)  # fmt: skip
def layer_geometry(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """A layer's shapes have the template's geometry type.

    What it checks
        Every shape is a polygon, a line or a point as the layer's template requires; single and multi types are
        treated alike. Lines and polygons have no heights (Z).
    Why
        A line in a layer of polygons has no area: the table has it, but no figure and no overlap does. A
        layer of the county database is two-dimensional; heights usually come from a drawing program.
    How to fix
        Draw the features with the geometry type of the layer; move features of other layers there, and delete
        superfluous ones. Save a layer with heights without its Z dimension.
    Limits
        Checks the features, not the type that the file declares; a layer without features is not checked. A
        collection counts as the largest kind in it. Measures (M) are dropped on reading, with a notice.
    """
    dimensions = np.where(layer.empty_rows | layer.broken_rows, -1, shapely.get_dimensions(layer.raw_shapes))
    expected = GEOMETRY_BY_DIMENSION.index(layer.template.geometry)
    counts = [int((dimensions == dimension).sum()) for dimension in range(len(GEOMETRY_BY_DIMENSION))]
    other_dimensions = [n for n, count in enumerate(counts) if count and n != expected]
    result = RuleResult(is_applicable=any(counts))
    if other_dimensions:
        params = {
            "expected": layer.template.geometry,
            "actual": GEOMETRY_BY_DIMENSION[max(other_dimensions, key=lambda n: counts[n])],
            **make_row_list_params(
                layer, np.flatnonzero(np.isin(dimensions, other_dimensions)).tolist(), MAX_NAMED_ROWS
            ),
        }
        params["shown"]["types"] = [GEOMETRY_BY_DIMENSION[n] for n in other_dimensions]
        result.findings.append(Finding(layer.role, params=params))
    high = int(shapely.has_z(layer.frame.geometry.to_numpy()).sum()) if expected else 0
    if high:
        result.findings.append(Finding(layer.role, case="heights", severity=Severity.WARNING, params={"count": high}))
    return result
