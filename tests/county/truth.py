# SPDX-License-Identifier: GPL-2.0-or-later
"""Expected results of a generated county, computed without the plugin.

They are findings with areas, ignored slivers (overlaps below the limits), and figures by formulas.
"""

from __future__ import annotations

import numpy as np
import shapely

from tests.county.attributes import County
from tests.county.defect_editor import DefectEditor, ExpectedFinding
from tests.county.landscape import AREA_CODE, AREA_NAME, EPSG
from tests.county.lines import MU_10K, TARGET_AREAS_M2
from tests.county.measure import measure_drawn_area, statutory_area

URBAN_CODES = ("201", "201A", "202", "202A")
# Half of the last printed digit: 万亩 and km² with two decimals. Smaller differences are due to rounding.
ROUNDING_TOLERANCE = {
    "cultivated": 0.005 * MU_10K,
    "farmland": 0.005 * MU_10K,
    "red_line": 0.005e6,
    "boundary": 0.005e6,
}


def describe_truth(county: County, editor: DefectEditor | None, seed: int, terraced: bool) -> dict:
    """Return the expected findings, ignored slivers and figures of a county as JSON data."""
    figures = compute_indicators(county)
    found = [_describe_finding(one, county) for one in (editor.found if editor else [])]
    found += _list_missed_targets(figures)
    slivers = editor.slivers if editor else []
    areas = measure_drawn_area([shape for _, _, shape in slivers]) if slivers else np.zeros(0)
    return {
        "county": {
            "area_code": AREA_CODE,
            "area_name": AREA_NAME,
            "crs": f"EPSG:{EPSG}",
            "seed": seed,
            "parcels": len(county.fabric),
            "terraced": terraced,
            "area_m2": float(statutory_area(county.layers["XZQX"].geometry)[0]),
            "rows": {role: len(frame) for role, frame in county.layers.items()},
        },
        "indicators": figures,
        "defects": sorted(found, key=lambda one: (one["rule"], one["role"], one["key"], one["related_keys"])),
        "ignored_slivers": {
            "count": len(slivers),
            "area_m2": float(areas.sum()),
            "parts": [
                {"rule": rule, "role": role, "area_m2": float(area), "at": _describe_place(shape)}
                for (rule, role, shape), area in zip(slivers, areas, strict=True)
            ],
        },
    }


def _describe_finding(one: ExpectedFinding, county: County) -> dict:
    """Return an expected finding with its area (m²) and place as JSON data."""
    area = net = None
    if one.shape is not None:
        measure = statutory_area if _is_feature(one, county) else measure_drawn_area
        area = float(measure([one.shape])[0])
    if one.net_of is not None:
        farmland = county.layers["YJJBNTBHTB"].loc[one.net_of]
        net = area / float(measure([farmland.geometry])[0]) * float(farmland["YJJBNTMJ"])
    return {
        "rule": one.rule,
        "severity": one.severity,
        "role": one.role,
        "key": one.key,
        "related_role": one.related_role,
        "related_keys": one.related_keys,
        "field": one.field,
        "area_m2": area,
        "net_area_m2": net,
        "at": None if one.shape is None else _describe_place(one.shape),
        "what": one.what,
    }


def _is_feature(one: ExpectedFinding, county: County) -> bool:
    """Return True for a finding on a whole feature.

    Its area is measured by stored vertices, as in its area field.
    """
    for role, keys in ((one.role, [one.key]), (one.related_role, one.related_keys)):
        layer = county.layers.get(role)
        if layer is not None and any(
            one.shape.equals(shape) for shape in layer.geometry[layer["BSM"].isin(keys)] if shape is not None
        ):
            return True
    return False


def _describe_place(shape: shapely.Geometry) -> list[float]:
    """Return easting and northing (m) of a point inside a shape."""
    point = shapely.point_on_surface(shape)
    return [round(point.x, 3), round(point.y, 3)]


def compute_indicators(county: County) -> dict:
    """Return the figures of a county by name, computed without the plugin."""
    layers = county.layers
    boundary = layers["CZKFBJ"]
    parts = statutory_area(boundary.geometry)
    code = boundary["GHFQDM"].astype(str).str[:2].to_numpy()
    parcels = layers["DLTB"]
    built = parcels[parcels["CZCSXM"].isin(URBAN_CODES)]
    base = float(built["TBMJ"].sum())
    # New land: the part of the boundary outside the built land of the base year.
    new = _measure_outside_built_land(boundary.geometry.to_numpy(), built.geometry.to_numpy())
    concentrated, flexible = parts[code == "41"].sum(), parts[code == "42"].sum()
    windows = [
        shapely.Polygon(ring)
        for shape in boundary.geometry
        for part in shapely.get_parts(shape)
        for ring in part.interiors
    ]
    return {
        "cultivated_area_m2_net": float(layers["GDBHMB"]["TBDLMJ"].sum()),
        "farmland_area_m2_net": float(layers["YJJBNTBHTB"]["YJJBNTMJ"].sum()),
        "farmland_area_m2_gross": float(layers["YJJBNTBHTB"]["YJJBNTTBMJ"].sum()),
        "red_line_area_m2": float(statutory_area(layers["STBHHX"].geometry).sum()),
        "boundary_area_m2": float(parts.sum()),
        "concentrated_area_m2": float(concentrated),
        "flexible_area_m2": float(flexible),
        "special_area_m2": float(parts[code == "43"].sum()),
        "denominator_m2": base,
        "new_land_concentrated_m2": float(new[code == "41"].sum()),
        "new_land_flexible_m2": float(new[code == "42"].sum()),
        "expansion_ratio_n1": float(parts.sum() / base),
        "expansion_ratio_n2": float((concentrated + flexible) / base),
        "expansion_ratio_n3": float((base + new[(code == "41") | (code == "42")].sum()) / base),
        "expansion_ratio_n3_concentrated_only": float((base + new[code == "41"].sum()) / base),
        "windows": len(windows),
        "windows_area_m2": float(statutory_area(windows).sum()) if windows else 0.0,
    }


def _measure_outside_built_land(shapes: np.ndarray, built: np.ndarray) -> np.ndarray:
    """Return the area, m², of each shape outside built parcels.

    A shape wholly outside is measured by its vertices.
    """
    built = built[~shapely.is_missing(built)]
    tree = shapely.STRtree(built)
    rest = []
    for shape in shapes:
        near = tree.query(shape, predicate="intersects")
        rest.append(shapely.difference(shape, shapely.union_all(built[near])) if len(near) else shape)
    whole = shapely.area(shapes) - shapely.area(rest) < 1e-3
    return np.where(whole, statutory_area(shapes), measure_drawn_area(rest))


def _list_missed_targets(figures: dict) -> list[dict]:
    """Return the expected findings on targets that the figures miss."""
    values = {
        "cultivated": ("GDBHMB", figures["cultivated_area_m2_net"], True),
        "farmland": ("YJJBNTBHTB", figures["farmland_area_m2_net"], True),
        "red_line": ("STBHHX", figures["red_line_area_m2"], True),
        "boundary": ("CZKFBJ", figures["boundary_area_m2"], False),
    }
    missed = []
    for name, (role, value, at_least) in values.items():
        short = TARGET_AREAS_M2[name] - value if at_least else value - TARGET_AREAS_M2[name]
        if short > 0:
            severity = "WARNING" if short <= ROUNDING_TOLERANCE[name] else "ERROR"
            missed.append(
                _describe_figure_finding(
                    "LAW002", severity, role, f"{name}: {value:.2f} m², target {TARGET_AREAS_M2[name]:.2f} m²"
                )
            )
    ratio, limit = figures["expansion_ratio_n1"], TARGET_AREAS_M2["expansion_ratio"]
    if ratio > limit:
        missed.append(
            _describe_figure_finding("LAW001", "ERROR", "CZKFBJ", f"expansion ratio {ratio:.4f}, limit {limit}")
        )
    return missed


def _describe_figure_finding(rule: str, severity: str, role: str, what: str) -> dict:
    empty = {
        "key": "",
        "related_role": "",
        "related_keys": [],
        "field": "",
        "area_m2": None,
        "net_area_m2": None,
        "at": None,
    }
    return {"rule": rule, "severity": severity, "role": role, **empty, "what": what}
