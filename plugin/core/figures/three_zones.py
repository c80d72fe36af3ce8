# SPDX-License-Identifier: GPL-2.0-or-later
"""The three zones (三区: agricultural, ecological and urban space) of a plan, as indicators and as rows of a layer.

They are derived from the planning zones by a mapping that a county can edit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ..base.errors import NEVER_CANCELLED, Cancellation, InputError
from ..base.parallel.threads import map_in_threads
from ..engine.context import cut_rows_at_coast, trim_code_padding
from ..geometry import crs as crs_care
from ..geometry.overlay import find_shared_pieces
from ..geometry.polygons import Polygons, union_polygon_rows
from ..geometry.statutory_area import compute_drawn_area, measure_statutory_area
from ..geometry.tolerance import Tolerance
from ..geometry.validity import extract_polygons, make_valid_copies, mask_missing_shapes
from ..model.indicator import Indicator, convert_area
from ..plan.layer import Layer
from ..plan.plan import Plan
from ..standard import load_standard
from ..standard.messages.texts import Texts
from ..standard.numbering import find_highest_number_by_county, has_county_code_format, make_bsm
from ..standard.profile import Norm
from ..standard.profile.space_map import (
    THREE_ZONES,
    UNMAPPED_ZONE_CODE,
    ZONE_CODE_BY_SPACE_FIGURE,
    ZONE_KINDS_BY_CODE,
    SpaceMap,
    load_space_map,
)
from ..standard.template import Template

if TYPE_CHECKING:
    import geopandas as gpd


_NO_TOLERANCE = Tolerance(min_area_m2=0.0, min_width_m=0.0)
_METRES_PER_DEGREE = 111_320.0
#: Largest computed overlap of zones that do not overlap: rounding over a county's vertices, and a square decimetre.
_SUM_TOLERANCE_SHARE, _SUM_TOLERANCE_M2 = 1e-9, 0.01
#: The layer of the three zones: a layer of this plugin, outside the standards.
LAYER_CODE = "SQKJ"
#: The settings behind the figures, as a rule lists its settings.
SETTINGS_USED = (THREE_ZONES, "codes.planning_zones")


@dataclass
class ThreeZones:
    """The three zones (三区) with their areas; all areas are statutory, m².

    ``polygons``: (k,) single-part polygons in the CRS of the planning zones; ``zone_of_polygon``: code of each (01
    agricultural, 02 ecological, 03 urban); ``polygon_areas_m2``: area of each. ``zones_m2``: sum of the planning zones
    in each of the three, by its code; ``zone_counts``: number of these planning zones; ``unmapped_zones``: zone code →
    (features, m²) of planning zones outside the mapping; ``overlap_m2``: land in several planning zones;
    ``shared_between_m2``: the part of ``overlap_m2`` whose planning zones belong to different ones of the three; it is
    counted in each of them; ``missing_shape_count`` and ``repaired_shape_count``: number of planning zones without a
    shape and with a repaired shape.
    """

    polygons: NDArray
    zone_of_polygon: list[str]
    polygon_areas_m2: NDArray
    zones_m2: dict[str, float]
    zone_counts: dict[str, int]
    unmapped_zones: dict[str, tuple[int, float]] = field(default_factory=dict)
    overlap_m2: float = 0.0
    shared_between_m2: float = 0.0
    missing_shape_count: int = 0
    repaired_shape_count: int = 0

    def get_zone_area_m2(self, space: str) -> float:
        """Return the statutory area (m²) of one of the three zones by its code."""
        return float(self.polygon_areas_m2[[s == space for s in self.zone_of_polygon]].sum())

    @property
    def total_m2(self) -> float:
        """Total area of the three zones, m²."""
        return float(self.polygon_areas_m2.sum())

    @property
    def input_m2(self) -> float:
        """Total area of the planning zones that the mapping contains, m².

        It exceeds the total of the three zones by the overlap of planning zones that belong to the same one of the
        three, and by fractions of a square metre where a straight edge has a vertex on one side only.
        """
        return sum(self.zones_m2.values())

    @property
    def do_areas_add_up(self) -> bool:
        """True if no land is in two planning zones."""
        return self.overlap_m2 <= self.allowed_overlap_m2

    @property
    def allowed_overlap_m2(self) -> float:
        """Computed overlap of zones that do not overlap, at most, m²."""
        return _SUM_TOLERANCE_M2 + _SUM_TOLERANCE_SHARE * self.total_m2


def derive_zones(
    shapes: NDArray,
    codes: Sequence[str],
    crs: CRS,
    spaces: SpaceMap,
    *,
    polygons: Polygons | None = None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> ThreeZones:
    """Dissolve planning zones into the three zones, by a mapping of their codes.

    Invalid shapes are repaired in a copy; the input does not change. Shared edges of zones keep their vertices.

    Parameters
    ----------
    shapes : (n,) array of geometries
        Planning zones in ``crs``.
    codes : sequence of n str
        Zone code of each row.
    crs : CRS
        Any CRS.
    spaces : SpaceMap
        Which of the three zones each planning zone belongs to.
    polygons : Polygons, optional
        The same shapes with cached results of earlier computations, if all shapes are valid.
    cancellation : Cancellation
        Checked between two of the three zones.

    Raises
    ------
    Cancelled
        The task was cancelled.
    InputError
        The planning zones of one of the three zones cannot be joined.
    """
    repaired_rows: list[int] = []
    if polygons is None:
        shapes, repaired_rows = make_valid_copies(np.asarray(shapes, dtype=object))
        polygons = Polygons(shapes)
    else:
        shapes = polygons.shapes
    has_shape = ~mask_missing_shapes(shapes)
    to_lonlat = crs_care.make_lonlat_transformer(crs)
    statutory_areas = measure_statutory_area(shapes, to_lonlat)
    of_zone = np.array([spaces.get_three_zone_code(code) for code in codes], dtype=object)
    unit_m = _METRES_PER_DEGREE if crs_care.describe_crs(crs).is_geographic else 1.0
    cluster, edge_match = _NO_TOLERANCE.cluster_m / unit_m, _NO_TOLERANCE.edge_match_m / unit_m
    limits = replace(_NO_TOLERANCE, cluster_m=cluster, edge_match_m=edge_match)
    dissolved: list[Any] = []
    made_of: list[str] = []
    # Areas in the plane of the coordinates do not change with vertices on a straight edge, statutory areas do.
    plane_areas = np.where(has_shape, shapely.area(shapes), 0.0)
    plane_overlap = 0.0
    wholes: dict[str, Any] = {}
    present = set(of_zone[has_shape].tolist())
    rows_by_space = {one: has_shape & (of_zone == one) for one in spaces.spaces.entry_by_code if one in present}
    polygons.find_overlap_candidates(cancellation)
    unions = map_in_threads(
        lambda rows: union_polygon_rows(polygons, rows, tolerance=limits), list(rows_by_space.values()), cancellation
    )
    for (zone_code, rows), union in zip(rows_by_space.items(), unions, strict=True):
        if union is None:
            raise InputError("space_not_joined", space=spaces.name(zone_code), count=int(rows.sum()))
        wholes[zone_code] = union
        plane_overlap += max(float(plane_areas[rows].sum() - shapely.area(union)), 0.0)
        parts = shapely.get_parts([union])
        dissolved += parts[np.argsort(-shapely.area(parts), kind="stable")].tolist()
        made_of += [zone_code] * len(parts)
    cancellation.raise_if_cancelled()
    unmapped_zones: dict[str, tuple[int, float]] = {}
    for code, space, area in zip(codes, of_zone, statutory_areas.tolist(), strict=True):
        if space == UNMAPPED_ZONE_CODE:
            count, total = unmapped_zones.get(code, (0, 0.0))
            unmapped_zones[code] = (count + 1, total + area)
    between = _measure_overlap_of_zones(wholes, crs, limits)
    result = ThreeZones(
        polygons=np.array(dissolved, dtype=object),
        zone_of_polygon=made_of,
        polygon_areas_m2=measure_statutory_area(np.array(dissolved, dtype=object), to_lonlat),
        zones_m2={s: float(statutory_areas[of_zone == s].sum()) for s in wholes},
        zone_counts={s: int(np.count_nonzero(has_shape & (of_zone == s))) for s in wholes},
        unmapped_zones=unmapped_zones,
        shared_between_m2=between,
        missing_shape_count=int(np.count_nonzero(~has_shape)),
        repaired_shape_count=len(repaired_rows),
    )
    plane_unit_m2 = float(statutory_areas.sum() / (plane_areas.sum() or 1.0))
    result.overlap_m2 = between
    if plane_overlap * plane_unit_m2 > result.allowed_overlap_m2:
        # Overlap within one of the three zones, and fractions of a square metre where a straight edge has a vertex on
        # one side only: both sides are measured by their vertices.
        result.overlap_m2 += max(sum(result.zones_m2.values()) - result.total_m2, 0.0)
    return result


def _measure_overlap_of_zones(shape_by_zone_code: dict[str, Any], crs: CRS, limits: Tolerance) -> float:
    """Return the area (by edges, m²) that is in more than one of the three zones.

    It counts once for each zone beyond the first.
    """
    outlines = np.array(list(shape_by_zone_code.values()), dtype=object)
    if len(outlines) < 2 or not len(find_shared_pieces(outlines, tolerance=limits)):
        return 0.0
    joined_zones = accumulate(outlines, shapely.union)
    overlaps = [extract_polygons(shapely.intersection(*pair)) for pair in zip(joined_zones, outlines[1:], strict=False)]
    return float(compute_drawn_area(np.array(overlaps, dtype=object), crs_care.make_lonlat_transformer(crs)).sum())


def derive_from_layer(
    zones: Layer, spaces: SpaceMap, plan: Plan, cancellation: Cancellation = NEVER_CANCELLED
) -> ThreeZones:
    """Derive the three zones from a layer of planning zones in its own CRS.

    Parts of rows whose coordinates contradict the CRS, and the parts of rows at sea, count as missing.
    """
    shapes, codes = zones.raw_shapes.copy(), list_zone_codes(zones)
    zones.drop_stray_parts(shapes)
    land, land_shares = cut_rows_at_coast(zones, plan)
    reaches_sea = land_shares < 1.0
    shapes[reaches_sea] = crs_care.reproject_geometries(land[reaches_sea], zones.plane_crs, zones.known_crs)
    is_left_out = bool(zones.stray_rows) or bool(reaches_sea.any())
    is_as_checked = zones.known_crs == zones.plane_crs and not zones.invalid_rows.any() and not is_left_out
    return derive_zones(
        shapes,
        codes,
        zones.known_crs,
        spaces,
        polygons=zones.polygons if is_as_checked else None,
        cancellation=cancellation,
    )


@dataclass
class DerivedZones:
    """The three zones of a plan.

    ``three_zones``: the dissolved zones; ``indicators``: indicators for the report; ``frame``: rows of the layer SQKJ.
    """

    three_zones: ThreeZones
    indicators: list[Indicator]
    frame: gpd.GeoDataFrame


def derive_from_plan(
    plan: Plan,
    template: Template,
    texts: Texts,
    cancellation: Cancellation = NEVER_CANCELLED,
    used_numbers: Mapping[str, int] = MappingProxyType({}),
) -> DerivedZones:
    """Derive the three zones of a plan as rows of a layer ``template``.

    Rows are numbered above the keys of the plan and above ``used_numbers``: county → highest running number in layers
    outside the plan. Raises InputError when the plan has no measurable planning zones, or no field with the zone code.
    """
    zones = plan.find_layer_of_concept("zones")
    if zones is None:
        unusable_layer = plan.find_unusable_layer("zones")
        if unusable_layer is None:
            raise InputError(
                "no_recognised_layer", source=plan.source, layers=", ".join(plan.unrecognised_layers) or "-"
            )
        raise InputError(
            "zones_unusable", layer=unusable_layer.name, reason=texts.format_problem(*unusable_layer.problem_message)
        )
    if not zones.has_field("zone_code"):
        raise InputError("zones_no_code", layer=zones.name, field=zones.get_field_name("zone_code"))
    spaces = load_space_map(plan.norm)
    three_zones = derive_from_layer(zones, spaces, plan, cancellation)
    county = plan.find_layer_of_concept("county")
    divisions = plan.norm.standard.code_lists.get("divisions") or load_standard().code_lists["divisions"]
    code = plan.area_code
    name = divisions.entry_by_code[code].name if code in divisions.entry_by_code else ""
    # The layer of the three zones is replaced.
    numbers = [
        find_highest_number_by_county(layer.keys).get(code, 0)
        for layer in plan.layers.values()
        if layer.role != LAYER_CODE and layer.has_field("key")
    ]
    return DerivedZones(
        three_zones,
        make_zone_indicators(three_zones, zones, county, plan.norm),
        make_zone_rows(
            three_zones,
            spaces,
            template,
            zones.crs,
            code,
            name,
            max([used_numbers.get(code, 0), *numbers]) + 1,
        ),
    )


def list_zone_codes(zones: Layer) -> list[str]:
    """Return each row's code as written in the code list of zones, empty if missing."""
    zone_code_field = zones.template.find_field("zone_code")
    return [trim_code_padding(v, zone_code_field.code_pad if zone_code_field else 0) for v in zones.text("zone_code")]


def make_zone_indicators(three_zones: ThreeZones, zones: Layer, county: Layer | None, norm: Norm) -> list[Indicator]:
    """Return the areas of the three zones and of unmapped planning zones as indicators in km².

    Each has its share of the county among its inputs. An indicator is confirmed when a person confirmed mapping and
    codes, the sums agree and every planning zone is mapped.
    """
    county_m2 = float(county.statutory.sum()) if county is not None else 0.0
    is_confirmed = (
        all(norm.is_confirmed(item) for item in SETTINGS_USED)
        and three_zones.do_areas_add_up
        and not three_zones.unmapped_zones
    )
    indicators = []
    for name, zone_code in ZONE_CODE_BY_SPACE_FIGURE.items():
        area = three_zones.get_zone_area_m2(zone_code)
        if zone_code not in ZONE_KINDS_BY_CODE and not area:
            continue
        inputs: dict[str, Any] = {"layer": zones.role, "features": three_zones.zone_counts.get(zone_code, 0)}
        if county_m2:
            # A percentage, for reading.
            inputs |= {"county_m2": county_m2, "county_share": 100 * area / county_m2}
        if zone_code == UNMAPPED_ZONE_CODE:
            inputs["zone_codes"] = sorted(code or "-" for code in three_zones.unmapped_zones)
        indicators.append(
            Indicator(name, convert_area(area, "km2"), "km2", "statutory", inputs=inputs, confirmed=is_confirmed)
        )
    return indicators


def make_zone_rows(
    three_zones: ThreeZones,
    spaces: SpaceMap,
    template: Template,
    crs: Any,
    county_code: str = "",
    county_name: str = "",
    first_number: int = 1,
) -> gpd.GeoDataFrame:
    """Return the rows of the layer SQKJ (三区), one row per polygon, by its template.

    Rows are numbered from ``first_number`` on, with names and rounded statutory areas.
    """
    import geopandas as gpd

    area = template.find_field("area")
    count = len(three_zones.polygons)
    values = {
        "key": [
            make_bsm(county_code, n) if has_county_code_format(county_code) else None
            for n in range(first_number, first_number + count)
        ],
        "division_code": [county_code or None] * count,
        "division_name": [county_name or None] * count,
        "space_code": three_zones.zone_of_polygon,
        "space_name": [spaces.name(s) for s in three_zones.zone_of_polygon],
        "area": np.round(
            three_zones.polygon_areas_m2, area.decimals if area and area.decimals is not None else 2
        ).tolist(),
    }
    return gpd.GeoDataFrame(
        {f.name: values.get(f.meaning, [None] * count) for f in template.fields},
        geometry=gpd.GeoSeries(three_zones.polygons, crs=crs),
        crs=crs,
    )
