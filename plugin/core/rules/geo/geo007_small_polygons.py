# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np

from ...engine.context import RuleContext
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer

#: Settings ``quality.min_area_m2.<role>``; a layer without the setting has no minimum area.
AREA_SETTING = "quality.min_area_m2"


@rule(
    "GEO007",
    "small-polygons",
    problem="A polygon is smaller than the minimum area",
    severity=Severity.WARNING,
    local=True,
    basis=["G5"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer} ({key}) has {area_m2}, below the layer's minimum of {limit} m² (set under “minimum areas by "
        "layer” [quality.min_area_m2] in the county's profile file); the receiving side may reject it. Compare with "
        "{authority}: merge a leftover of a cut with the neighbour of the same use; complete a shape that lacks a "
        "part; if it is right, leave it, and waive the finding with the reason.",
    },
    fails=[
        RuleExample("100 m² of farmland", {"layer": ["POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0))"]}, finds=1, areas=(100.0,),
                roles={"layer": "YJJBNTBHTB"}),
        RuleExample("a county that wants 400 m²", {"layer": ["POLYGON ((0 0, 15 0, 15 20, 0 20, 0 0))"]}, finds=1,
                settings={"quality.min_area_m2.YJJBNTBHTB": 400.0}, roles={"layer": "YJJBNTBHTB"}),
        RuleExample("a layer that a county adds", {"layer": ["POLYGON ((0 0, 15 0, 15 20, 0 20, 0 0))"]}, finds=1,
                settings={"quality.min_area_m2.STBHHX": 400.0}),
    ],
    passes=[
        RuleExample("300 m² of farmland", {"layer": ["POLYGON ((0 0, 15 0, 15 20, 0 20, 0 0))"]}, roles={"layer": "YJJBNTBHTB"}),
        RuleExample("no least area is set for the red line", {"layer": ["POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0))"]}),
        RuleExample("no area at all is another rule's", {"layer": [None]}, roles={"layer": "YJJBNTBHTB"}),
    ],
)  # fmt: skip
def small_polygons(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Polygons have at least the minimum area of their layer.

    What it checks
        The statutory area of each polygon, compared with quality.min_area_m2 of its layer (a profile may set it by
        layer code).
    Why
        Fragments cannot be farmed, granted or drawn; receiving databases reject polygons below their minimum area.
    How to fix
        Merge the fragment into the neighbour with the longest common edge and the same use, or correct the cut that
        made it; complete a feature of which a part is missing.
    Limits
        Not part of the default run: 200 m² comes from the village plans of one city (mark B for them alone), others
        use 400 and 600 m² by class (mark C). A layer without a setting is not checked, and the outcome notes it.
        GEO002 reports shapes without area.
    """
    limit = ctx.norm.get_settings_section(AREA_SETTING).get(layer.role)
    if layer.template.geometry != "polygon":
        return RuleResult(is_applicable=False)
    if limit is None:
        return RuleResult(is_applicable=False, notes=[("min_area_unset", {})])
    county_setting = f"{AREA_SETTING}.{layer.role}"
    result = RuleResult(unconfirmed=[county_setting if county_setting in ctx.norm.profile.settings else AREA_SETTING])
    # An area in the plane is far less wrong than by half: only rows near the limit have to be measured.
    may_be_small = layer.has_shape & (layer.plane_areas < 2 * limit)
    candidates = np.flatnonzero(may_be_small)
    for row, area in zip(candidates.tolist(), layer.measure_rows(candidates).tolist(), strict=True):
        if 0 < area < limit:
            params = {"limit": float(limit)}
            result.findings.append(
                ctx.finding_maker.make_row_finding(
                    layer, row, area_m2=area, params=params, geometry=layer.plane_shapes[row]
                )
            )
    return result
