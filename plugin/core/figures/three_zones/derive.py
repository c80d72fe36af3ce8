# SPDX-License-Identifier: GPL-2.0-or-later
"""Dissolve planning zones into the three zones (三区), with areas that add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...base.errors import InputError
from ...base.parallel.threads import map_in_threads
from ...geometry import crs as crs_care
from ...geometry.overlay import find_shared_pieces
from ...geometry.polygons import Polygons, union_polygon_rows
from ...geometry.statutory_area import compute_drawn_area, measure_statutory_area
from ...geometry.tolerance import Tolerance
from ...geometry.validity import extract_polygons, make_valid_copies, mask_missing_shapes
from ...standard.profile.space_map import UNMAPPED_ZONE_CODE, SpaceMap

_NO_TOLERANCE = Tolerance(min_area_m2=0.0, min_width_m=0.0)
_METRES_PER_DEGREE = 111_320.0
#: Largest computed overlap of zones that do not overlap: rounding over a county's vertices, and a square decimetre.
_SUM_TOLERANCE_SHARE, _SUM_TOLERANCE_M2 = 1e-9, 0.01


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
        """Total area of the planning zones that the mapping contains, m²."""
        return sum(self.zones_m2.values())

    @property
    def difference_m2(self) -> float:
        """Sum of the planning zones minus sum of the three zones, m².

        The difference is the overlap of planning zones that belong to the same one of the three, and fractions of a
        square metre where a straight edge has a vertex on one side only: both sides are measured by their vertices.
        """
        return self.input_m2 - self.total_m2

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
    limits = _make_tolerance(crs)
    dissolved: list[Any] = []
    made_of: list[str] = []
    # Areas in the plane of the coordinates do not change with vertices on a straight edge, statutory areas do.
    plane_areas = np.where(has_shape, shapely.area(shapes), 0.0)
    plane_overlap = 0.0
    wholes: dict[str, Any] = {}
    rows_by_space = {zone_code: has_shape & (of_zone == zone_code) for zone_code in spaces.spaces.entry_by_code}
    rows_by_space = {zone_code: rows for zone_code, rows in rows_by_space.items() if rows.any()}
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
    areas = measure_statutory_area(np.array(dissolved, dtype=object), to_lonlat) if dissolved else np.zeros(0)
    result = ThreeZones(
        polygons=np.array(dissolved, dtype=object),
        zone_of_polygon=made_of,
        polygon_areas_m2=areas,
        zones_m2={s: float(statutory_areas[of_zone == s].sum()) for s in wholes},
        zone_counts={s: int(np.count_nonzero(has_shape & (of_zone == s))) for s in wholes},
        unmapped_zones=unmapped_zones,
        shared_between_m2=between,
        missing_shape_count=int(np.count_nonzero(~has_shape)),
        repaired_shape_count=len(repaired_rows),
    )
    plane_unit_m2 = float(statutory_areas.sum() / (plane_areas.sum() or 1.0))
    has_overlap = plane_overlap * plane_unit_m2 > result.allowed_overlap_m2
    result.overlap_m2 = (max(result.difference_m2, 0.0) if has_overlap else 0.0) + between
    return result


def _make_tolerance(crs: CRS) -> Tolerance:
    """Return the tolerance of a union in the units of the coordinates."""
    if not crs_care.describe_crs(crs).is_geographic:
        return _NO_TOLERANCE
    return replace(
        _NO_TOLERANCE,
        cluster_m=_NO_TOLERANCE.cluster_m / _METRES_PER_DEGREE,
        edge_match_m=_NO_TOLERANCE.edge_match_m / _METRES_PER_DEGREE,
    )


def _measure_overlap_of_zones(shape_by_zone_code: dict[str, Any], crs: CRS, limits: Tolerance) -> float:
    """Return the area (by edges, m²) that is in more than one of the three zones.

    It counts once for each zone beyond the first.
    """
    outlines = np.array(list(shape_by_zone_code.values()), dtype=object)
    if len(shape_by_zone_code) < 2 or not len(find_shared_pieces(outlines, tolerance=limits)):
        return 0.0
    shared_m2 = 0.0
    joined_zones: Any = None
    for zone_shape in shape_by_zone_code.values():
        if joined_zones is not None:
            overlap = extract_polygons(shapely.intersection(joined_zones, zone_shape))
            shared_m2 += float(
                compute_drawn_area(np.array([overlap], dtype=object), crs_care.make_lonlat_transformer(crs))[0]
            )
        joined_zones = zone_shape if joined_zones is None else shapely.union(joined_zones, zone_shape)
    return shared_m2
