# SPDX-License-Identifier: GPL-2.0-or-later
from typing import Any

import numpy as np
import shapely

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, rule
from ...plan.layer import Layer


@rule(
    "GEO003",
    "multipart",
    problem="A feature has several parts",
    local=True,
    basis=["G4"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer} ({key}) has several parts: {parts}{facts}. Each part must be a feature, so that it can be "
        "checked, moved and transferred. First compare with {authority} and delete tiny parts left by mistake, then "
        "split the feature (Fix… numbers the parts itself; after QGIS's Multipart to singleparts, number them): the "
        "largest part keeps the BSM, the others get new ones (function sanxian_next_bsm of the field calculator); "
        "they also get unused values in fields that number each feature, such as the parcel number. Then compute the "
        "area fields of all parts again.",
    },
    fails=[
        RuleExample(
            "two squares", {"layer": ["MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0)), ((20 0, 29 0, 29 9, 20 0)))"]}, finds=1
        )
    ],
    passes=[
        RuleExample("multipolygon of one", {"layer": ["MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0)))"]}),
        RuleExample("polygon hole", {"layer": ["POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (2 2, 3 2, 3 3, 2 2))"]}),
    ],
)
def multipart(layer: Layer, *, ctx: RuleContext) -> list[Finding]:
    """Every feature has one part.

    What it checks
        Features with more than one part. A multipart type with one part is valid, because shapefiles have no other
        type.
    Why
        One BSM identifies one piece of land; parts kilometres apart cannot be checked, moved or transferred
        separately.
    How to fix
        Explode the feature (Multipart to singleparts) and number the parts.
    Limits
        None known.
    """
    parts = shapely.get_num_geometries(layer.unrepaired_shapes)
    findings = []
    for position in np.flatnonzero(~layer.empty_rows & (parts > 1)).tolist():
        params: dict[str, Any] = {"parts": int(parts[position])}
        if layer.template.geometry == "polygon":
            areas = ctx.geometry.measure_drawn_areas(shapely.get_parts(layer.plane_shapes[position]))
            params["shown"] = {"part_areas_m2": sorted((round(float(area), 2) for area in areas), reverse=True)}
        findings.append(
            ctx.finding_maker.make_row_finding(layer, position, params=params, geometry=layer.plane_shapes[position])
        )
    return findings
