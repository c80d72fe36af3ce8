# SPDX-License-Identifier: GPL-2.0-or-later
"""Coordinate systems: zone, prefix and axis order of CGCS2000.

The module derives them from coordinates and from the CRS of a layer, and compares both.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Proj, Transformer
from pyproj.exceptions import CRSError, ProjError

from .statutory_area import INVERSE_FLATTENING, SEMI_MAJOR_M

CGCS2000_DEGREES = CRS.from_epsg(4490)
#: Deviation of areas (as a share) from which on a plane is not used for detection: Web Mercator has 1.6 at 38° N.
_MAX_AREA_DEVIATION = 0.02
#: EPSG codes of CGCS2000: degrees, then zones of 6° with and without number, then those of 3°.
_CGCS2000_CODES = range(4490, 4555)
#: What decides where a CRS places coordinates: kind, datum, ellipsoid, prime meridian, units, projection, parameters.
_Parameters = tuple[Any, ...]
#: Decimals that are compared, so that roundings in WKT texts do not count: of parameters, flattenings, and units.
_PARAMETER_DECIMALS, _FLATTENING_DECIMALS, _UNIT_DECIMALS = 9, 6, 8
#: What follows a value in the unit of a parameter.
_UNIT_SIGNS = {"degree": "°", "metre": " m", "unity": ""}
#: Number and EPSG codes (with zone number in eastings, without) of the first 3° and 6° zone of CGCS2000.
_FIRST_ZONES = {3: (25, 4513, 4534), 6: (13, 4491, 4502)}
#: Maximum distance of a zone's eastings from its false easting: half a 6° zone at the equator is 334 km, plus data of
#: neighbouring zones.
EASTING_REACH_M = 450_000.0
#: The largest northing on Earth.
NORTHING_REACH_M = 10_100_000.0


def parse_crs(text: str | None) -> CRS | None:
    """Return the horizontal CRS of an EPSG code or WKT; None if invalid.

    None also for a CRS that is not of the Earth, such as a drawing's. A Gauss–Krüger zone of CGCS2000 gets its EPSG
    code whatever its name in a .prj file, so that equal zones compare as equal.
    """
    if not text:
        return None
    try:
        crs = CRS.from_user_input(text)
    except CRSError:
        return None
    crs = _take_horizontal_part(crs)
    if not (crs.is_projected or crs.is_geographic):
        return None
    code = find_epsg_code(crs)
    return CRS.from_epsg(code) if code else crs


def _take_horizontal_part(crs: CRS) -> CRS:
    """Return a CRS without heights and without a transformation to another datum."""
    if crs.is_compound and crs.sub_crs_list:
        crs = crs.sub_crs_list[0]
    if crs.is_bound and crs.source_crs is not None:
        crs = crs.source_crs
    return crs.to_2d() if len(crs.axis_info) == 3 else crs


@lru_cache(maxsize=64)  # PROJ searches its database for the code
def find_epsg_code(crs: CRS) -> int | None:
    """Return the EPSG code whose parameters a horizontal CRS has; None without one.

    The parameters decide: PROJ also gives codes of CRSs that differ in ellipsoid, unit or latitude of origin. Of other
    projections than Transverse Mercator it knows which notations are equivalent.
    """
    code, operation = crs.to_epsg(min_confidence=70), crs.coordinate_operation
    is_zone = operation is None or operation.method_name == "Transverse Mercator"
    if code and (not is_zone or have_same_parameters(crs, CRS.from_epsg(code))):
        return int(code)
    return _index_zones_by_parameters().get(_list_parameters(crs))


def is_standard_zone(crs: CRS) -> bool:
    """Return True for EPSG:4490 and the 3° and 6° zones of CGCS2000.

    Zones are Gauss–Krüger, with or without zone number.
    """
    return find_epsg_code(crs) in _CGCS2000_CODES


@lru_cache(maxsize=1)
def _index_zones_by_parameters() -> dict[_Parameters, int]:
    """Return parameters → EPSG code of the CRSs of CGCS2000.

    Without zone number, the code is that of the 3° zone.
    """
    return {_list_parameters(CRS.from_epsg(code)): code for code in _CGCS2000_CODES}


@dataclass(frozen=True)
class CrsProperties:
    """Properties of a CRS that coordinates are checked against.

    ``zone_number``: the CGCS2000 zone number; ``has_zone_prefix``: eastings begin with the zone number;
    ``central_meridian``: central meridian in degrees; ``is_in_metres``: the unit is metre.
    """

    is_geographic: bool
    is_cgcs2000: bool
    false_easting: float = 0.0
    central_meridian: float | None = None
    zone_number: int | None = None
    has_zone_prefix: bool = False
    is_in_metres: bool = True


@lru_cache(maxsize=64)
def describe_crs(crs: CRS) -> CrsProperties:
    """Return the properties of a CRS, as given by its projection parameters.

    The name of the CRS is ignored, except to recognise CGCS2000.
    """
    is_cgcs2000 = _has_name_of_cgcs2000(crs) and _list_parameters(crs)[2:4] == _list_parameters(CGCS2000_DEGREES)[2:4]
    if crs.is_geographic:
        return CrsProperties(is_geographic=True, is_cgcs2000=is_cgcs2000)
    operation = crs.coordinate_operation
    values: dict[str, Any] = {parameter.name: parameter.value for parameter in operation.params} if operation else {}
    easting = float(values.get("False easting", 0.0))
    meridian = values.get("Longitude of natural origin")
    metres = all(axis.unit_conversion_factor == 1 for axis in crs.axis_info)
    is_gauss_kruger = bool(
        operation
        and operation.method_name == "Transverse Mercator"
        and values.get("Scale factor at natural origin") == 1
        and not values.get("Latitude of natural origin")
    )
    if not is_gauss_kruger or meridian is None:
        return CrsProperties(False, is_cgcs2000, easting, is_in_metres=metres)
    has_zone_prefix = easting >= 1e6
    zone = int(easting // 1e6) if has_zone_prefix else round(float(meridian) / 3)
    return CrsProperties(False, is_cgcs2000, easting, float(meridian), zone, has_zone_prefix, metres)


def have_same_parameters(crs: CRS, other_crs: CRS) -> bool:
    """Return True if two CRSs place coordinates alike.

    Names, codes and heights are not compared.
    """
    return _list_parameters(_take_horizontal_part(crs)) == _list_parameters(_take_horizontal_part(other_crs))


def _list_parameters(crs: CRS) -> _Parameters:
    """Return the rounded parameters that decide where a CRS places coordinates.

    The CRS is horizontal; a parameter of zero is left out.
    """
    ellipsoid, meridian, operation = crs.ellipsoid, crs.prime_meridian, crs.coordinate_operation
    parameters = operation.params if operation else ()
    return (
        crs.is_geographic,
        _has_name_of_cgcs2000(crs),
        ellipsoid and (round(ellipsoid.semi_major_metre, 2), round(ellipsoid.inverse_flattening, _FLATTENING_DECIMALS)),
        meridian and _round_parameter(meridian.longitude, float(meridian.unit_conversion_factor)),
        tuple(_round_parameter(1.0, axis.unit_conversion_factor) for axis in crs.axis_info),
        operation and operation.method_name,
        frozenset(
            (one.name, _round_parameter(float(one.value), one.unit_conversion_factor))
            for one in parameters
            if one.value
        ),
    )


def _round_parameter(value: float, unit: float) -> float:
    """Return a value in radians or metres, rounded.

    ``unit``: the number of radians or metres in the unit of the value.
    """
    return round(value * round(unit, _UNIT_DECIMALS), _PARAMETER_DECIMALS)


def describe_parameters(crs: CRS) -> dict[str, str]:
    """Return the parameters of a CRS by name, as texts with units; — if absent."""
    operation, ellipsoid, geodetic = crs.coordinate_operation, crs.ellipsoid, crs.geodetic_crs
    parameters = operation.params if operation else ()
    prime_meridian = crs.prime_meridian.name if crs.prime_meridian and crs.prime_meridian.longitude else ""
    values = {
        one.name: f"{one.value:.12g}{_UNIT_SIGNS.get(one.unit_name.lower(), f' {one.unit_name}')}" for one in parameters
    }
    return {
        "projection": operation.method_name if operation else "—",
        "meridian": values.get("Longitude of natural origin", "—"),
        "scale": values.get("Scale factor at natural origin", "—"),
        "easting": values.get("False easting", "—"),
        "northing": values.get("False northing", "—"),
        "latitude": values.get("Latitude of natural origin", "—"),
        "datum": ", ".join(filter(None, (geodetic.datum.name if geodetic and geodetic.datum else "—", prime_meridian))),
        "ellipsoid": f"{ellipsoid.semi_major_metre:.12g}, 1/{ellipsoid.inverse_flattening:.12g}" if ellipsoid else "—",
        "axis_unit": crs.axis_info[0].unit_name if crs.axis_info else "—",
    }


def _has_name_of_cgcs2000(crs: CRS) -> bool:
    """Return True if the geographic CRS or its datum has the name of CGCS2000."""
    geodetic = crs.geodetic_crs
    if geodetic is None:
        return False
    datum = geodetic.datum.name if geodetic.datum else ""
    datum_names = [
        "".join(character for character in name.upper() if character.isalnum()) for name in (geodetic.name, datum)
    ]
    return any("CGCS2000" in name or ("CHINA" in name and "2000" in name) for name in datum_names)


@lru_cache(maxsize=64)
def find_area_of_use(crs: CRS) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north (degrees) of the area where a CRS is valid; None if unknown.

    EPSG states the area for registered CRS. For a Gauss–Krüger zone of CGCS2000 without a code it follows from the
    central meridian. An area that crosses the antimeridian counts as unknown.
    """
    frame = describe_crs(crs)
    area = crs.area_of_use
    if area is not None and area.west < area.east:
        return area.west, area.south, area.east, area.north
    if frame.is_geographic or frame.central_meridian is None or not frame.is_cgcs2000:
        return None
    half_width = 3.0 if frame.has_zone_prefix and frame.zone_number is not None and frame.zone_number < 25 else 1.5
    return frame.central_meridian - half_width, 0.0, frame.central_meridian + half_width, 60.0


def find_three_degree_zone(longitude: float) -> CRS:
    """Return the CGCS2000 3° zone, with zone prefix, in which a longitude (degrees) lies.

    The result is one of EPSG:4513 to 4533 (zones 25 to 45); longitudes outside get the nearest zone.
    """
    return make_gauss_kruger_crs(min(max(round(longitude / 3), 25), 45), 3, has_number=True)


def make_gauss_kruger_crs(zone: int, width: int, *, has_number: bool) -> CRS:
    """Return a zone of CGCS2000 with a width of 3 or 6 degrees. ``zone``: one of the zones of China."""
    first_zone, code_with_number, code_without_number = _FIRST_ZONES[width]
    return CRS.from_epsg((code_with_number if has_number else code_without_number) + zone - first_zone)


def add_vertical_crs(horizontal: str, vertical: str) -> CRS:
    """Return a horizontal CRS combined with a vertical CRS, both given as ``EPSG:…`` or WKT.

    An empty ``vertical`` gives the horizontal CRS alone. Raise CRSError for an unknown CRS.
    """
    return CRS.from_user_input("+".join(filter(None, (horizontal, vertical.rpartition(":")[2]))))


def make_crs_label(crs: CRS | None) -> str:
    """Return the code of a CRS as ``EPSG:4526``, or its name if it has no code; empty for None.

    A CRS without code and name is described by its central meridian.
    """
    if crs is None:
        return ""
    code = find_epsg_code(crs)
    if code:
        return f"EPSG:{code}"
    frame = describe_crs(crs)
    unnamed = crs.name.strip().lower() in ("", "unknown", "unnamed", "undefined")
    return f"TM {frame.central_meridian:g}°E" if unnamed and frame.central_meridian is not None else crs.name


def is_northing_first(label: str) -> bool:
    """Return True if the first axis of a CRS points north, in which order QGIS shows and reads its coordinates.

    ``label``: of `make_crs_label`; False for one that has no code.
    """
    crs = parse_crs(label)
    return crs is not None and crs.axis_info[0].direction.lower() == "north"


def choose_crs(layers: Iterable[tuple[CRS, int]], longitude: float, latitude: float = 36.0) -> CRS:
    """Return the CRS in which a plan is measured.

    It is the projected CRS of most features, or the 3° zone of the county's location if no layer has a projected CRS. A
    projection that distorts areas is not chosen.

    Parameters
    ----------
    layers
        CRS and number of features of each layer.
    longitude, latitude
        The county's location in degrees.
    """
    features_by_crs: Counter[CRS] = Counter()
    for crs, features in layers:
        if _preserves_areas(crs, longitude, latitude):
            features_by_crs[crs] += max(features, 1)
    if features_by_crs:
        return features_by_crs.most_common(1)[0][0]
    if 73 <= longitude <= 136 and 0 <= latitude <= 60:
        return find_three_degree_zone(longitude)
    # Outside China (trial data), any metric grid near the place is suitable for detection.
    zone = min(int((longitude + 180) // 6) + 1, 60) if -180 <= longitude <= 180 else 1
    return CRS.from_epsg((32600 if latitude >= 0 else 32700) + zone)


def make_local_plane(longitude: float, latitude: float) -> CRS:
    """Return an equidistant plane in metres for data stored in degrees.

    x = k₁·(longitude − λ₀), y = k₂·(latitude − φ₀). This is affine, so lines that are straight in degrees remain
    straight, and a vertex on a long edge remains on it. k₁ and k₂ are the metres per radian at the given place, which
    is rounded to 0.1°. Within a county lengths are correct to some thousandths, enough to detect overlaps and to apply
    tolerances.
    """
    central_longitude, parallel = round(longitude, 1), min(max(round(latitude, 1), -85.0), 85.0)
    latitude_radians, flattening = math.radians(parallel), 1 / INVERSE_FLATTENING
    eccentricity_squared = flattening * (2 - flattening)
    radius_factor = 1 - eccentricity_squared * math.sin(latitude_radians) ** 2
    # Radii along the meridian and, times cos φ, along the parallel.
    meridian_radius, normal_radius = (
        SEMI_MAJOR_M * (1 - eccentricity_squared) / radius_factor**1.5,
        SEMI_MAJOR_M / math.sqrt(radius_factor),
    )
    true_scale = math.degrees(math.acos(min(normal_radius * math.cos(latitude_radians) / meridian_radius, 1.0)))
    # Spherical, because only then PROJ's eqc is exactly affine.
    return CRS.from_user_input(
        f"+proj=eqc +lat_ts={true_scale!r} +lat_0={parallel} +lon_0={central_longitude} +R={meridian_radius!r}"
        " +units=m +no_defs +type=crs"
    )


def preserves_straight_lines(source: CRS, target: CRS) -> bool:
    """Return True if straight lines of one CRS are certainly straight in the other; False if unknown."""
    if source == target:
        return True
    operation = target.coordinate_operation
    return (
        source.is_geographic and operation is not None and operation.method_name.startswith("Equidistant Cylindrical")
    )


def _preserves_areas(crs: CRS, longitude: float, latitude: float) -> bool:
    """Return True if a projection keeps areas at a location (degrees) to `_MAX_AREA_DEVIATION`."""
    frame = describe_crs(crs)
    if frame.is_geographic or not frame.is_in_metres:
        return False
    try:
        scale = Proj(crs).get_factors(longitude, latitude).areal_scale
    except (CRSError, ProjError):
        return False
    return bool(abs(scale - 1) <= _MAX_AREA_DEVIATION)


@lru_cache(maxsize=64)
def _make_transformer(source: CRS, target: CRS) -> Transformer:
    """Return pyproj's transformer between two CRS, with x as easting or longitude."""
    return Transformer.from_crs(source, target, always_xy=True)


def reproject_geometries(geometries: NDArray, source: CRS, target: CRS) -> NDArray:
    """Return (n,) geometries reprojected by their vertices; x is easting or longitude.

    If both CRS are equal, the same array is returned.
    """
    if source == target:
        return geometries
    return shapely.transform(geometries, lambda c: reproject_coordinates(c, source, target))


def reproject_coordinates(xy: NDArray, source: CRS, target: CRS) -> NDArray:
    """Return (v, 2) coordinates reprojected one by one; x is easting or longitude."""
    return np.column_stack(_make_transformer(source, target).transform(xy[:, 0], xy[:, 1]))


@lru_cache(maxsize=64)
def make_lonlat_transformer(crs: CRS) -> Callable[[NDArray], NDArray]:
    """Return a function that converts (v, 2) coordinates of a CRS to degrees on CGCS2000.

    The function returns (v, 2) longitude and latitude.
    """
    if crs == CGCS2000_DEGREES:
        return lambda xy: xy
    # Looking up the transformer takes longer than moving a few points.
    transformer = _make_transformer(crs, CGCS2000_DEGREES)
    return lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))


def reproject_to_lonlat(geometries: NDArray, crs: CRS) -> NDArray:
    """Return (n,) geometries of a CRS reprojected to (longitude, latitude) in degrees on CGCS2000."""
    return reproject_geometries(geometries, crs, CGCS2000_DEGREES)


# Coordinates that contradict their layer's CRS (zone, prefix, axis order, degrees for metres), and the CRS that they
# seem to be in.


def find_coordinate_problem(crs: CRS | None, bounds: Iterable[float]) -> tuple[str, dict[str, Any]] | None:
    """Return (problem, parameters) if coordinates contradict their CRS, else None.

    ``bounds``: xmin, ymin, xmax, ymax in the layer's units. Problems: ``missing`` (no CRS), ``degrees`` (degrees in a
    metric CRS), ``metres`` (metres in a geographic CRS), ``axis`` (northing first), ``prefix`` (zone prefix
    missing, or present although the CRS has none), ``zone`` (prefix of another zone), ``meridian``
    (prefix and central meridian of the CRS disagree), ``beyond`` (outside the CRS), ``not_metres`` (the CRS uses
    another unit).
    """
    xmin, ymin, xmax, ymax = bounds
    if crs is None:
        return "missing", {"hint": guess_crs(xmin, ymin, xmax, ymax)}
    if not np.isfinite([xmin, ymin, xmax, ymax]).all():
        return None
    frame = describe_crs(crs)
    params: dict[str, Any] = {"crs": make_crs_label(crs)}
    if frame.is_geographic:
        return _check_degrees(frame, params, xmin, ymin, xmax, ymax)
    if not frame.is_in_metres:
        return "not_metres", params
    if max(abs(xmin), abs(xmax)) <= 360 and max(abs(ymin), abs(ymax)) <= 90:
        return "degrees", params
    if (
        frame.is_cgcs2000
        and frame.zone_number
        and frame.has_zone_prefix
        and frame.central_meridian not in (frame.zone_number * 3, frame.zone_number * 6 - 3)
    ):
        return "meridian", {**params, "zone": frame.zone_number, "meridian": f"{frame.central_meridian:g}"}
    if max(abs(xmin), abs(ymin), abs(xmax), abs(ymax)) > 1e8:
        return "beyond", params
    if frame.zone_number is None or _is_easting_near_zone(xmin, xmax, frame.false_easting):
        is_swapped = frame.zone_number is not None and not -NORTHING_REACH_M <= ymin <= ymax <= NORTHING_REACH_M
        return ("beyond", params) if is_swapped else None
    if _is_easting_near_zone(ymin, ymax, frame.false_easting) or (
        _find_zone(ymin, ymax) and not _find_zone(xmin, xmax)
    ):
        return "axis", params
    coordinate_zone = _find_zone(xmin, xmax)
    if frame.has_zone_prefix and coordinate_zone and coordinate_zone != frame.zone_number:
        return "zone", {
            **params,
            "zone": frame.zone_number,
            "found": coordinate_zone,
            "hint": guess_crs(xmin, ymin, xmax, ymax),
        }
    if (frame.has_zone_prefix and _is_easting_near_zone(xmin, xmax, 500_000.0)) or (
        not frame.has_zone_prefix and coordinate_zone
    ):
        return "prefix", {**params, "hint": guess_crs(xmin, ymin, xmax, ymax, zone=frame.zone_number)}
    return "beyond", params


def _check_degrees(
    frame: CrsProperties, params: dict[str, Any], xmin: float, ymin: float, xmax: float, ymax: float
) -> tuple[str, dict[str, Any]] | None:
    """Return (problem, parameters) of coordinates in a geographic CRS, None without a problem."""
    if abs(ymin) > 90 or abs(ymax) > 90:
        is_swapped = max(abs(xmin), abs(xmax)) <= 90 and max(abs(ymin), abs(ymax)) <= 180
        return ("axis" if is_swapped else "metres"), {**params, "hint": guess_crs(xmin, ymin, xmax, ymax)}
    if max(abs(xmin), abs(xmax)) > 360:
        return "beyond", params
    # West of 90° E both orders are valid degrees; only one of them is in China.
    if frame.is_cgcs2000 and not _is_in_china(xmin, ymin, xmax, ymax) and _is_in_china(ymin, xmin, ymax, xmax):
        return "axis", params
    # Radians, minutes, or drawing coordinates: valid degrees, but outside China.
    if frame.is_cgcs2000 and (xmax < 70 or xmin > 140 or ymax < 0 or ymin > 60):
        return "beyond", params
    return None


def _is_in_china(xmin: float, ymin: float, xmax: float, ymax: float) -> bool:
    """Return True if bounds in degrees lie within 70° to 140° E and 0° to 60° N, the range of China."""
    return 70 <= xmin <= xmax <= 140 and 0 <= ymin <= ymax <= 60


def _is_easting_near_zone(low: float, high: float, easting: float) -> bool:
    """Return True if a range of coordinates (m) looks like eastings with this false easting."""
    return abs(low - easting) <= EASTING_REACH_M and abs(high - easting) <= EASTING_REACH_M


def _find_zone(low: float, high: float) -> int:
    """Return the zone number that prefixes eastings such as 38 612 345; 0 if they have no prefix."""
    if not (13e6 <= low <= high < 46e6) or int(low // 1e6) != int(high // 1e6):
        return 0
    zone = int(low // 1e6)
    return zone if _is_easting_near_zone(low, high, zone * 1e6 + 500_000) else 0


def guess_crs(xmin: float, ymin: float, xmax: float, ymax: float, zone: int | None = None) -> str:
    """Return the CRS that coordinates seem to be in, as ``EPSG:…``; empty if unclear.

    ``xmin`` to ``ymax``: bounds of the coordinates. ``zone``: zone number of the layer's CRS, for eastings without a
    prefix. Where 3° and 6° zones are indistinguishable, a 3° zone is returned.
    """
    if _is_in_china(xmin, ymin, xmax, ymax):
        return "EPSG:4490"
    coordinate_zone = _find_zone(xmin, xmax)
    if 25 <= coordinate_zone <= 45:
        return f"EPSG:{4513 + coordinate_zone - 25}"
    if coordinate_zone:
        return f"EPSG:{4491 + coordinate_zone - 13}" if coordinate_zone <= 23 else ""
    if zone and _is_easting_near_zone(xmin, xmax, 500_000.0):
        # The prefix of a 6° zone means the same meridian as a 3° zone with another number.
        zone = 2 * zone - 1 if zone < 25 else zone
        return f"EPSG:{4534 + zone - 25}" if 25 <= zone <= 45 else ""
    return ""
