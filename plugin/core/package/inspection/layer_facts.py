# SPDX-License-Identifier: GPL-2.0-or-later
"""Facts of the layers of a data set: names, fields, CRS and counts, but no rows."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from ...cancellation import Cancellation
from ...geometry import crs as crs_care
from ..package_spec.model import DATA_SET_SUFFIXES
from .facts import LayerFact


def read_layer_facts(folder: Path, data_set: str, cancellation: Cancellation, reads_extents: bool) -> list[LayerFact]:
    """Return the facts of the layers of one data set; ``data_set`` is its path in ``folder``.

    An unreadable data set or layer has −1 features. ``reads_extents`` adds extents, which are computed from the shapes
    because stored extents may be out of date.
    """
    import pyogrio

    from ...io import DRIVER_ERRORS

    path = folder / data_set
    sources = [path]
    if path.suffix.lower() not in DATA_SET_SUFFIXES:
        sources = sorted(file for file in path.iterdir() if file.suffix.lower() == ".shp")
    layer_facts = []
    for source in sources:
        cancellation.raise_if_cancelled()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                layer_names = [str(name) for name, kind in pyogrio.list_layers(source) if kind is not None]
            except (*DRIVER_ERRORS, ValueError, UnicodeDecodeError):
                layer_facts.append(LayerFact(data_set, source.stem, -1))
                continue
            layer_facts += [_read_one_layer(data_set, source, name, reads_extents) for name in layer_names]
    return layer_facts


def _read_one_layer(data_set: str, source: Path, name: str, reads_extents: bool) -> LayerFact:
    """Return the facts of one layer, with −1 features if it cannot be read."""
    import pyogrio

    from ...io import DRIVER_ERRORS

    try:
        info = pyogrio.read_info(source, layer=name, force_feature_count=True)
        extent = _read_extent(source, name) if reads_extents else None
    except (*DRIVER_ERRORS, ValueError, UnicodeDecodeError):
        return LayerFact(data_set, name, -1)
    geometry_type = next((k for word, k in _GEOMETRY_OF_WORD.items() if word in str(info["geometry_type"])), "")
    crs, vertical = _split_crs_labels(info["crs"])
    fields = tuple(str(field) for field in info["fields"] if str(field).upper() not in _RESERVED_FIELDS)
    return LayerFact(
        data_set,
        name,
        int(info["features"]),
        crs,
        vertical,
        geometry_type=geometry_type,
        extent=extent,
        field_names=fields,
    )


#: Fields that formats and programs add.
_RESERVED_FIELDS = {"OBJECTID", "FID", "OGC_FID", "SHAPE", "SHAPE_LENGTH", "SHAPE_AREA", "SHAPE_LENG", "GLOBALID"}


#: Words in the geometry types of files.
_GEOMETRY_OF_WORD = {"Polygon": "polygon", "Surface": "polygon", "Line": "line", "Curve": "line", "Point": "point"}


def _read_extent(source: Path, layer: str) -> tuple[float, float, float, float] | None:
    """Return the extent of a layer's shapes in its CRS; None without coordinates."""
    import pyogrio

    _, bounds = pyogrio.read_bounds(source, layer=layer)
    if bounds.size == 0 or np.isnan(bounds).all():
        return None
    low, high = np.nanmin(bounds[:2], axis=1), np.nanmax(bounds[2:], axis=1)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _split_crs_labels(text: str | None) -> tuple[str, str]:
    """Return the labels of the horizontal and of the vertical part of a CRS, empty where it has none."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    label = crs_care.make_crs_label(crs_care.parse_crs(text))
    try:
        full_crs = CRS.from_user_input(text) if text else None
    except CRSError:
        return label, ""
    if full_crs is None or not full_crs.is_compound or len(full_crs.sub_crs_list) < 2:
        return label, ""
    code = full_crs.sub_crs_list[1].to_epsg()
    return label, f"EPSG:{code}" if code else full_crs.sub_crs_list[1].name
