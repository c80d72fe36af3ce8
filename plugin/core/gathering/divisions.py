# SPDX-License-Identifier: GPL-2.0-or-later
"""Join divisions of counties into those of cities, such as 市级行政区 from 县级行政区."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from ..geometry.crs import make_lonlat_transformer, reproject_geometries
from ..geometry.polygons import Polygons, union_polygon_rows
from ..geometry.statutory_area import measure_statutory_area
from ..plan.layer import FieldInfo, SourceLayer
from ..standard import load_standard
from ..standard.numbering import BSM_LENGTH, DIVISION_CODE_DIGITS

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyproj import CRS

    from ..geometry.tolerance import Tolerance
    from ..package.layers.content import PackageLayer
    from ..profile import Norm
    from .model import GatheredCounty

#: First digits of a county's code that are those of its city.
_CITY_DIGITS = 4
#: Digits of a key (标识码) that follow the code of the division.
_SERIAL_DIGITS = BSM_LENGTH - DIVISION_CODE_DIGITS
#: Municipalities (直辖市), and digits 3 and 4 of counties directly under a province (省直辖县级行政区划).
#: No city has the first four digits of their counties, by the structure of codes in GB/T 2260 (C).
_MUNICIPALITIES, _DIRECTLY_UNDER_PROVINCE = ("11", "12", "31", "50"), "90"


@dataclass
class JoinedDivisions:
    """Divisions of one layer that are joined by city.

    ``target``: layer of the joined divisions; ``source``: layer that has them; ``shapes``: code of a city → shape of
    each county, in the CRS of the data set; ``without_city``: counties that belong to no city.
    """

    target: str
    source: str
    crs: CRS
    tolerance: Tolerance
    shapes: dict[str, list[Any]] = field(default_factory=dict)
    without_city: list[str] = field(default_factory=list)

    def add(self, content: PackageLayer, county: GatheredCounty) -> None:
        """Add the divisions of a county, as one shape; of a county without a city only the name."""
        code = county.area_code
        if code.startswith(_MUNICIPALITIES) or code[2:_CITY_DIGITS] == _DIRECTLY_UNDER_PROVINCE:
            self.without_city.append(county.label)
            return
        layer = content.layer
        union = union_polygon_rows(layer.polygons, tolerance=self.tolerance)
        if union is not None:
            # The union is computed in the plane of the plan, from the nodes of the divisions.
            placed = reproject_geometries(np.array([union], dtype=object), layer.plane_crs, self.crs)
            self.shapes.setdefault(code[:_CITY_DIGITS], []).append(placed[0])

    def make_layer(self, norm: Norm) -> SourceLayer | None:
        """Return the joined divisions as a layer, one feature for each connected part; None without any.

        The area field (m²) has the area of the feature on the ellipsoid.
        """
        if not self.shapes:
            return None
        import geopandas as gpd

        to_lonlat = make_lonlat_transformer(self.crs)
        # One list serves all editions, but not every edition includes it.
        code_list = norm.standard.code_lists.get("divisions") or load_standard().code_lists["divisions"]
        divisions = code_list.entry_by_code
        parts = [(code, part) for code in sorted(self.shapes) for part in _join(self.shapes[code], self.tolerance)]
        shapes: NDArray = np.empty(len(parts), dtype=object)
        shapes[:] = [part for _, part in parts]
        full_codes = [code.ljust(DIVISION_CODE_DIGITS, "0") for code, _ in parts]
        names = [divisions[code].name if code in divisions else None for code in full_codes]
        template = norm.standard.templates[self.target]
        values: dict[str, list[Any]] = {
            "key": [f"{code}{number:0{_SERIAL_DIGITS}d}" for number, code in enumerate(full_codes, 1)],
            "feature_code": [template.feature_code or None] * len(parts),
            "division_code": list(full_codes),
            "division_name": list(names),
            "feature_name": list(names),
            "area": [round(float(area), 2) for area in measure_statutory_area(shapes, to_lonlat)],
        }
        columns = {one.name: values[one.meaning] for one in template.fields if one.meaning in values}
        frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs=self.crs), crs=self.crs)
        fields = tuple(FieldInfo(one.name, one.type) for one in template.fields if one.name in columns)
        return SourceLayer(self.target, frame, fields, self.crs)


def _join(shapes: list[Any], tolerance: Tolerance) -> list[Any]:
    """Return the connected parts of the union of a city's counties, or the counties where GEOS cannot join them."""
    array: NDArray = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    union = union_polygon_rows(Polygons(array), tolerance=tolerance)
    return list(shapely.get_parts([union])) if union is not None else list(shapely.get_parts(array))
