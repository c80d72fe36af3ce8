# SPDX-License-Identifier: GPL-2.0-or-later
from typing import Any

import numpy as np
import shapely

from ...engine.context import RuleContext
from ...geometry import crs as crs_care
from ...model.findings import Finding
from ...model.rule import RuleExample, Severity, rule
from ...plan.layer import Layer
from ...standard.divisions import find_extent_if_remote
from .._attributes import MAX_NAMED_ROWS, make_row_list_params

ZONE_38_SQUARE_WKT = "POLYGON ((38600000 4380000, 38600100 4380000, 38600100 4380100, 38600000 4380100, 38600000 4380000))"
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
    findings = []
    for unusable_layer in ctx.plan.unusable_layers.values():
        params = {"problem": unusable_layer.problem, "layer_name": unusable_layer.name, **unusable_layer.params}
        findings.append(Finding(unusable_layer.role, case="unusable", params=params))
    plane_crs_info = crs_care.describe_crs(ctx.plan.crs)
    for layer in ctx.plan.layers.values():
        crs = layer.known_crs
        layer_crs_info = crs_care.describe_crs(crs)
        params = {"crs": crs_care.make_crs_label(crs), "plane": crs_care.make_crs_label(ctx.plan.crs)}
        declared_counts = layer.source.shape_crs
        if declared_counts:
            texts = ", ".join(f"{system} × {count}" for system, count in sorted(declared_counts.items()))
            shapes = (
                params | {"count": sum(declared_counts.values()), "found": texts} | _describe_deviating_shapes(layer)
            )
            findings.append(Finding(layer.role, case="shapes_declare", severity=Severity.WARNING, params=shapes))
        if layer.source.described_crs:
            described_params = params | {"found": layer.source.described_crs}
            findings.append(Finding(layer.role, case="described", severity=Severity.WARNING, params=described_params))
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
    reported_roles = {finding.role for finding in findings}
    # Where all layers are in another zone, the county's longitudes are the better hint.
    return findings + (
        _report_remote_plan(ctx) or _report_outside_area_of_use(ctx, reported_roles, beyond_area_degrees)
    )


def _describe_deviating_shapes(layer: Layer) -> dict[str, Any]:
    """Return message parameters on the shapes that declare another CRS: their names, whether their coordinates fit."""
    declared_fids = set(layer.source.shape_crs_fids)
    positions = [position for position, fid in enumerate(layer.fids) if fid in declared_fids]
    listed_rows = make_row_list_params(layer, positions, MAX_NAMED_ROWS)
    # Not all shapes are known by their ids: a stray row may be one of the others.
    is_fitting = not layer.stray_rows
    return {
        "fids": listed_rows["fids"],
        "more": " …" if sum(layer.source.shape_crs.values()) > len(listed_rows["fids"]) else "",
        "shown": listed_rows["shown"],
        "coordinates": "coordinates_fit" if is_fitting else "coordinates_contradict",
    }


def _report_outside_area_of_use(ctx: RuleContext, reported_roles: set[str], margin: float) -> list[Finding]:
    """Return a finding for each CRS whose layers are outside its area of use.

    They are outside by more than ``margin`` degrees. ``reported_roles`` has the codes of layers whose CRS another
    finding names already.
    """
    outside: dict[str, list[tuple[Layer, Any]]] = {}
    for layer in ctx.plan.layers.values():
        area_of_use = crs_care.find_area_of_use(layer.crs) if layer.crs is not None else None
        if area_of_use is None or layer.has_no_geometry or layer.role in reported_roles:
            continue
        bounds = layer.row_bounds
        xmin, ymin, xmax, ymax = bounds[np.logical_and.reduce([np.isfinite(column) for column in bounds.T])].T
        corners = [xmin.min(), ymin.min(), xmax.max(), ymax.max()]
        box = crs_care.reproject_to_lonlat(np.array([shapely.box(*corners)]), ctx.plan.plane_crs)[0]
        if shapely.distance(box, shapely.box(*area_of_use)) > margin:
            outside.setdefault(crs_care.make_crs_label(layer.crs), []).append((layer, (box.centroid, area_of_use)))
    findings = []
    for crs, layers in outside.items():
        first, (middle, (west, south, east, north)) = layers[0]
        params = {"crs": crs, "count": len(layers), "layers": [layer.role for layer, _ in layers],
                  "place": f"{middle.x:.2f}°E, {middle.y:.2f}°N",
                  "range": f"{west:g}–{east:g}°E, {south:g}–{north:g}°N"}  # fmt: skip
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
    params = {"crs": crs_care.make_crs_label(layer.crs), "longitude": f"{longitude:.2f}", "county": extent.division.name,
              "west": f"{extent.west:.2f}", "east": f"{extent.east:.2f}"}  # fmt: skip
    case = "far_away_degrees" if crs_care.describe_crs(layer.crs).is_geographic else "far_away"
    return [Finding(layer.role, case=case, severity=Severity.WARNING, params=params)]
