# SPDX-License-Identifier: GPL-2.0-or-later
"""Arcs, which the reader turns into lines of short steps: which features have them, and what is told of that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyogrio
import shapely

from ..geometry.tolerance import CURVE_STEP_DEGREES
from ..plan.layer import SourceLayer

#: A chord of that step encloses 0.08 % less than its arc; a larger gap to the stored area means a lost hole.
_CURVE_AREA_GAP = 0.005
_CURVES = ("CIRCULARSTRING", "COMPOUNDCURVE", "CURVEPOLYGON", "MULTICURVE", "MULTISURFACE", "CURVE", "SURFACE")
#: Formats that know no arcs.
_STRAIGHT = (".shp", ".geojson", ".json", ".kml", ".tab")


def curve_ids(path: Path, opened: Path, name: str) -> list[int]:
    """Ids of features that hold arcs. pyogrio linearises without a word, also in what it says of a layer's type, so
    every feature is asked."""
    if path.suffix.lower() in _STRAIGHT:
        return []
    wanted = ", ".join(f"'{c}'" for c in _CURVES)
    sql = f"SELECT FID FROM {quoted(name)} WHERE OGR_GEOMETRY IN ({wanted})"  # nosec B608 # the name is quoted, the types are ours
    found = pyogrio.raw.read(opened, sql=sql, sql_dialect="OGRSQL", return_fids=True, read_geometry=False)
    return [int(v) for v in found[1]]


def curve_step() -> float:
    """Degrees of arc that one line stands for."""
    return float(pyogrio.get_gdal_config_option("OGR_ARC_STEPSIZE") or CURVE_STEP_DEGREES)


def curve_notices(layer: SourceLayer) -> list[tuple[str, dict[str, Any]]]:
    """What is told of a layer with arcs: how many, the step, and those whose area is not what the file stores."""
    told = {"layer": layer.name, "count": len(layer.curves), "step": layer.curve_step}
    notices: list[tuple[str, dict[str, Any]]] = [("notice_curves", told)]
    lost = _curves_that_lost_area(layer)
    if lost:
        keys = ", ".join(map(str, lost[:5]))
        notices.append(("notice_curve_area", {"layer": layer.name, "count": len(lost), "fids": keys}))
    return notices


def _curves_that_lost_area(layer: SourceLayer) -> list[int]:
    """Ids of features with arcs whose shape is far from the area the file stores: some drivers lose a curved hole."""
    stored = next((c for c in layer.frame.columns if str(c).upper() == "SHAPE_AREA"), None)
    if stored is None:
        return []
    rows = layer.frame.loc[list(layer.curves)]
    kept = pd.to_numeric(rows[stored], errors="coerce").to_numpy(dtype=float)
    drawn = shapely.area(rows.geometry.to_numpy())
    with np.errstate(invalid="ignore"):
        gap = np.abs(drawn - kept) > _CURVE_AREA_GAP * kept
    return [int(f) for f in rows.index[gap & (kept > 0)]]


def quoted(name: str) -> str:
    """A name for OGR's SQL. It comes from the file itself, and nothing is executed but a read of that file."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
