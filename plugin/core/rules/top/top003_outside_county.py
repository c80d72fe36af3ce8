# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
import shapely
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...geometry.overlay_pieces import OverlayPieces
from ...geometry.polygons import Polygons
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, Severity, rule
from ...plan.layer import Layer
from .._places import is_reported_elsewhere

#: A feature is completely outside the county from this share of its area on; the rest is rounding.
WHOLE_SHARE = 0.999
COUNTY_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "TOP003",
    "outside-county",
    problem="Features are outside the county",
    local=True,
    concurrent=True,
    basis=["G12"],
    needs={
        "layer": LayerNeed(EVERY_LAYER),
        "county": LayerNeed("county"),
        "townships": LayerNeed("townships", optional=True),
        "parcels": LayerNeed("parcels", optional=True),
    },
    uses=["tolerance"],
    messages={
        "": "{layer} ({key}) reaches {area} outside the county (width {width} m). Compare with {authority}: restore "
        "an edge that was drawn wrongly; if the right edge crosses the county's, cut the feature back to it with "
        "identical vertices; correct a wrong edge of the county.",
        "point": "{layer} ({key}) is {distance} m outside the county. Compare its coordinates and its county with "
        "{authority}: move it if they are wrong, remove it if it belongs to another county; if it is outside and "
        "must be listed, leave it, and waive the finding with the reason.",
        "line": "{layer} ({key}) runs {length} m outside the county. Compare its coordinates with {authority}: "
        "correct wrong ones, else cut the line at the county's edge; if it must be listed completely, leave it, and "
        "waive the finding with the reason.",
        "townships": "{layer} reaches {area} beyond all townships of {related_layer} (width {width} m). Compare with "
        "the published boundaries: correct a wrong edge of the county or of a township, or draw the missing township.",
        "parcels": "{layer} reaches {area} beyond all parcels of {related_layer} at its edge (width {width} m). "
        "First compare the county's outline with the published boundary, and correct it if it is wrong; if it is "
        "right, restore the missing parcels from the survey.",
        "wholly_outside": "{layer} ({key}) is completely outside the county (here {area}, width {width} m). Compare "
        "coordinates and county with {authority}: move it back if the coordinates are wrong, delete it if it does not "
        "belong to the county; correct a wrong edge of the county.",
        "division": "{layer} ({key}) reaches {area} outside the county (width {width} m); the two boundaries must "
        "agree. Compare with {authority}: cut {layer} back to the county with identical vertices if it is wrong, or "
        "correct a wrong edge of the county.",
    },
    fails=[
        RuleExample("across the edge", {"layer": ["POLYGON ((90 0, 110 0, 110 10, 90 10, 90 0))"], "county": [COUNTY_WKT]}, finds=1, areas=(100.0,)),
        RuleExample("two parts outside", {"layer": ["POLYGON ((-10 0, 110 0, 110 10, -10 10, -10 0))"], "county": [COUNTY_WKT]}, finds=2,
                areas=(100.0, 100.0)),
        RuleExample("wholly outside", {"layer": ["POLYGON ((200 0, 210 0, 210 10, 200 10, 200 0))", COUNTY_WKT], "county": [COUNTY_WKT]}, finds=1,
                areas=(100.0,)),
        RuleExample("a zone of land beside one at sea", {"layer": [{"wkt": "POLYGON ((90 0, 110 0, 110 10, 90 10, 90 0))", "zone_code": code} for code in ("300", "600")],
                                                         "county": [COUNTY_WKT]}, finds=1, areas=(100.0,), roles={"layer": "GHFQ"}),
        RuleExample("a site outside", {"layer": ["POINT (150 50)", "POINT (50 50)"], "county": [COUNTY_WKT]}, finds=1, roles={"layer": "WWBHDWD"}),
        RuleExample("a road that runs out", {"layer": ["LINESTRING (50 50, 150 50)"], "county": [COUNTY_WKT]}, finds=1,
                roles={"layer": "ZDJTJCSSX"}),
    ],
    passes=[
        RuleExample("inside, at the edge", {"layer": ["POLYGON ((90 0, 100 0, 100 10, 90 10, 90 0))"], "county": [COUNTY_WKT]}),
        RuleExample("zones at sea", {"layer": [{"wkt": COUNTY_WKT, "zone_code": "300"}, {"wkt": "POLYGON ((90 0, 200 0, 200 10, 90 10, 90 0))", "zone_code": "610"}],
                                     "county": [COUNTY_WKT]}, roles={"layer": "GHFQ"}),
        RuleExample("uses at sea, with padded codes", {"layer": [{"wkt": "POLYGON ((200 0, 210 0, 210 10, 200 10, 200 0))", "land_use": code} for code in ("180200", "240000")],
                                     "county": [COUNTY_WKT]}, roles={"layer": "GHYDYH"}),
        RuleExample("a site on the edge", {"layer": ["POINT (100 50)"], "county": [COUNTY_WKT]}, roles={"layer": "WWBHDWD"}),
        RuleExample("a road along the edge", {"layer": ["LINESTRING (50 0, 100 0, 100 50)"], "county": [COUNTY_WKT]},
                roles={"layer": "ZDJTJCSSX"}),
    ],
)  # fmt: skip
def outside_county(
    layer: Layer, county: Layer, townships: Layer | None, parcels: Layer | None, *, ctx: RuleContext
) -> list[Finding] | None:
    """All features are inside the county.

    What it checks
        The connected parts of every polygon outside the county's outline; and, as warnings, points and stretches of
        lines outside it, the parts of that outline beyond all townships, and those at its edge beyond all parcels.
    Why
        A neighbour's land counts for the neighbour; the packages of two counties must match at their common edge. An
        outline that is too large includes such land.
    How to fix
        Restore an edge that was drawn wrongly. Cut a right edge that crosses the county's outline back to it, with
        identical vertices; or correct the outline so that it agrees with townships and survey. Move a point to its
        place.
    Limits
        Needs a county layer; if it comes from dissolved townships, gaps between them count as outside. TOP006 reports
        gaps of parcels inside the county and, when it runs, also gaps of townships. Zones and uses of sea classes
        (setting sea) are not compared; a notice names them. Parts of the outline beyond townships and parcels are found
        by a whole check, not around an edit.
    """
    extent = ctx.geometry.get_county_outline()
    if extent is None:
        return None
    if layer.template.geometry != "polygon":
        return _report_points_and_lines(layer, county, extent[1], ctx)
    if layer is not county:
        is_land = ctx.find_land_rows(layer)
        rows = None if is_land.all() else is_land
        pieces = ctx.geometry.find_uncovered_pieces(layer, county, extent[1], rows=rows)
        findings = ctx.finding_maker.make_pair_findings(layer, county, pieces)
        # Two variants of the message: completely outside the county, or a township or village of the county.
        outside_areas = np.bincount(pieces.left, weights=pieces.area, minlength=len(layer))
        is_division = any(
            layer.role in ctx.plan.list_roles_of_concept(concept) for concept in ("townships", "villages")
        )
        for finding, row in zip(findings, pieces.left.tolist(), strict=True):
            if outside_areas[row] >= WHOLE_SHARE * layer.plane_areas[row]:
                finding.params["shown"] = {"variant": "wholly_outside"}
            elif is_division:
                finding.params["shown"] = {"variant": "division"}
        return ctx.finding_maker.mark_findings_by_location(findings)
    if ctx.is_edit_check or (townships is None and parcels is None):
        # Around an edit not all townships and parcels are known; the next whole check compares the outline.
        return None
    # Only parts without parcels that touch the outline's edge are reported.
    outline = extent[1]
    findings = []
    outside_townships = shapely.MultiPolygon()
    if townships is not None and townships is not county and not townships.has_no_geometry:
        pieces = ctx.geometry.find_uncovered_pieces_of_outline(county, outline, townships)
        findings += _make_part_findings(county, townships, pieces, np.ones(len(pieces), dtype=bool), "townships", ctx)
        outside_townships = shapely.union_all(pieces.geometry)
    county_shape = outline.shapes[0]
    if parcels is None or parcels is county or parcels.has_no_geometry:
        return findings
    if townships is not None and is_reported_elsewhere(ctx, "TOP006"):
        return findings
    pieces = ctx.geometry.find_uncovered_pieces_of_outline(county, outline, parcels)
    shapes = np.array(list(pieces.geometry), dtype=object)
    at_edge = shapely.dwithin(shapes, county_shape.boundary, ctx.tolerance.edge_match_m)
    is_reported = shapely.area(shapely.intersection(shapes, outside_townships)) > shapely.area(shapes) / 2
    return findings + _make_part_findings(county, parcels, pieces, at_edge & ~is_reported, "parcels", ctx)


def _report_points_and_lines(layer: Layer, county: Layer, outline: Polygons, ctx: RuleContext) -> list[Finding]:
    """Return warnings on points and stretches of lines outside the county.

    A facility outside may serve the county, so they are not errors.
    """
    outside_pieces = ctx.geometry.find_point_line_pieces_outside(layer, county, outline)
    findings = []
    for row, shape in zip(outside_pieces.point_or_line_row.tolist(), outside_pieces.piece_shape, strict=True):
        case, params = "line", {"length": round(float(shape.length), 1)}
        if not shape.length:
            case, params = "point", {"distance": round(float(shapely.distance(shape, outline.shapes[0])), 1)}
        findings.append(
            ctx.finding_maker.make_row_finding(
                layer,
                row,
                case=case,
                params=params,
                geometry=shape,
                severity=Severity.WARNING,
                related_role=county.role,
            )
        )
    return ctx.finding_maker.mark_findings_by_location(findings)


def _make_part_findings(
    county: Layer, other: Layer, pieces: OverlayPieces, rows: NDArray, case: str, ctx: RuleContext
) -> list[Finding]:
    """Return a warning on the county for each selected part; ``rows``: (k,) bool, the selected parts."""
    areas = ctx.geometry.measure_drawn_areas(pieces.geometry)
    return [
        Finding(
            county.role,
            case=case,
            severity=Severity.WARNING,
            related_role=other.role,
            area_m2=float(areas[n]),
            width_m=float(pieces.width[n]),
            geometry=pieces.geometry[n],
            by_place=True,
        )
        for n in np.flatnonzero(rows).tolist()
    ]
