# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
import shapely

from ...engine.context import RuleContext
from ...geometry.polygons import assign_patch_numbers
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.clauses import describe_limit_origin
from ...standard.messages.texts import Texts
from ...standard.template import Template
from .._farmland import find_limit_origin

LIMIT_SETTING = "rules.LAW013.patch_area_m2"
LARGE_FIELD_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
SMALL_PATCH_WKT = "POLYGON ((200 0, 230 0, 230 30, 200 30, 200 0))"
TOUCHING_PATCH_WKT = "POLYGON ((100 0, 130 0, 130 30, 100 30, 100 0))"
NEARBY_PATCH_WKT = "POLYGON ((103 0, 133 0, 133 30, 103 30, 103 0))"
TOUCHING_SMALL_WKTS = [
    "POLYGON ((200 0, 230 0, 230 30, 200 30, 200 0))",
    "POLYGON ((230 0, 260 0, 260 30, 230 30, 230 0))",
]


def _describe_patch(finding: Finding, texts: Texts, templates: dict[str, Template]) -> dict[str, str]:
    """Return whether a patch of farmland is one parcel, or several, and what set the limit."""
    count = finding.params.get("count", 0)
    patch = texts.get("words", "patch_alone" if count == 1 else "patch_of_several", count=count)
    return {"patch": patch, **describe_limit_origin(finding, texts, templates)}


@rule(
    "LAW013",
    "farmland-fragments",
    problem="Permanent basic farmland is fragmented",
    severity=Severity.INFO,
    basis=["pbf-defects"],
    needs={"farmland": LayerNeed("farmland")},
    uses=["rules.LAW013"],
    clauses=_describe_patch,
    messages={
        "": "{layer} ({key}): {patch} {area_m2}, less than {limit} m². Such small patches are hard to protect. The "
        "limit is {limit_origin} (patch_area_m2), no national norm. {invalid_first}Compare the patch with the "
        "approved result: restore an edge that was drawn wrongly; if it is as approved, leave it for now, and waive "
        "the finding with the reason. When permanent basic farmland is next adjusted, include the fields around the "
        "patch, or replace it with connected cultivated land.",
    },
    fails=[
        RuleExample("alone", {"farmland": [LARGE_FIELD_WKT, SMALL_PATCH_WKT]}, finds=1, areas=(900.0,)),
        RuleExample("two small ones together are one patch", {"farmland": [LARGE_FIELD_WKT, *TOUCHING_SMALL_WKTS]}, finds=1, areas=(1800.0,)),
        RuleExample("across a ditch", {"farmland": [LARGE_FIELD_WKT, NEARBY_PATCH_WKT]}, finds=1, areas=(900.0,)),
    ],
    passes=[
        RuleExample("small, but part of a field", {"farmland": [LARGE_FIELD_WKT, TOUCHING_PATCH_WKT]}),
        RuleExample("a county accepts ditches within a patch", {"farmland": [LARGE_FIELD_WKT, NEARBY_PATCH_WKT]}, parameters={"reach_m": 5.0}),
        RuleExample("large enough together", {"farmland": TOUCHING_SMALL_WKTS}, parameters={"patch_area_m2": 1500.0}),
    ],
)  # fmt: skip
def farmland_fragments(
    farmland: Layer, *, ctx: RuleContext, patch_area_m2: float = 2000.0, reach_m: float = 0.01
) -> RuleResult:
    """Permanent basic farmland is not scattered in small patches.

    What it checks
        Patches of 永久基本农田: parcels that touch, or are within `reach_m` of each other. A patch below
        `patch_area_m2` is reported once, with all its parcels.
    Why
        Scattered small fields (零星破碎) are a defect that is corrected by merging or swapping; a small parcel inside a
        large field is not a defect.
    How to fix
        Merge the patch with neighbouring fields, or swap it for connected land when the lines are adjusted.
    Limits
        Both limits are settings (mark C): no text gives a figure. Parcels that meet at one corner count as touching.
        GEO007 checks the minimum area of a parcel. Does not run by default: select the rule or its group farmland.
    """
    area = farmland.statutory
    patch_of_row = assign_patch_numbers(farmland.polygons, area, reach_m, patch_area_m2, ctx.cancellation)
    patch_areas = np.bincount(patch_of_row, np.nan_to_num(area), minlength=len(farmland))
    net = farmland.numbers("net_area")
    has_polygon = np.zeros(len(farmland), dtype=bool)
    has_polygon[farmland.polygons.present] = True
    fragment_rows = np.flatnonzero(has_polygon & (patch_areas[patch_of_row] < patch_area_m2))
    fragment_rows = fragment_rows[np.argsort(patch_of_row[fragment_rows], kind="stable")]
    result = RuleResult()
    for rows in (
        np.split(fragment_rows, np.flatnonzero(np.diff(patch_of_row[fragment_rows])) + 1) if len(fragment_rows) else []
    ):
        shapes = farmland.plane_shapes[rows]
        result.findings.append(
            ctx.finding_maker.make_row_finding(
                farmland,
                int(rows[0]),
                params={
                    "count": len(rows),
                    "limit": patch_area_m2,
                    "shown": {
                        "has_invalid_shape": bool(farmland.invalid_rows[rows].any()),
                        "limit_origin": find_limit_origin(LIMIT_SETTING, patch_area_m2, ctx),
                    },
                },
                related_role=farmland.role if len(rows) > 1 else "",
                related_keys=[farmland.keys[n] for n in rows[1:].tolist()],
                geometry=shapes[0] if len(rows) == 1 else shapely.multipolygons(shapely.get_parts(shapes)),
                area_m2=float(patch_areas[patch_of_row[rows[0]]]),
                net_area_m2=float(net[rows].sum()) if np.isfinite(net[rows]).all() else None,
            )
        )
    return result
