# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of the three classes as they are written.

Attributes come from the edition of the class. Numbers of maintenance are assigned. Causes are left empty for a person
to fill in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..engine.provenance import area_name
from ..files.cells import cell_text
from ..geometry import crs as crs_care
from ..invariants import require_value
from ..package.layers.content import Content
from ..plan.layer import Layer, SourceLayer
from ..standard.maintenance import AFTER, BEFORE, CHANGE
from ..standard.numbering import highest_running, make_bsm
from ..standard.template import Template
from ..versions.model import IN
from .model import KIND_CODES, MaintainedLayer, YearlyUpdate

if TYPE_CHECKING:
    import geopandas as gpd
    from pyproj import CRS

#: Areas that are reduced to a part's share of its row, not measured: they come from a survey.
_SURVEYED = ("gross_area", "net_area")
_DECIMALS = 2
#: Running digits of 维护编号, after yyyymmdd.
_NUMBER_DIGITS = 6


def class_contents(done: YearlyUpdate, target: CRS) -> list[Content]:
    """Return the three classes of every changed layer in ``target``.

    维护编号 run through all layers, so that each names one change. BSM of changes and of 维护后 continue from the
    highest
    BSM of both editions through all layers. 维护前 keeps its filed BSM, so that each BSM is unique in the database.

    Raises
    ------
    InputError
        If the county's code is invalid.
    """
    found = []
    number, bsm = 1, highest_number(done) + 1
    for one in done.changed:
        found += [_make_before(done, one), _make_change(done, one, target, number, bsm)]
        number, bsm = number + len(one.changes), bsm + len(one.changes)
        found.append(_make_after(done, one, target, bsm))
        bsm += len(one.after)
    return found


def highest_number(done: YearlyUpdate) -> int:
    """Return the county's highest running number in any layer of the two editions."""
    county = done.current.area_code
    layers = [layer for plan in (done.filed, done.current) for layer in plan.layers.values()]
    return max([done.highest, *(highest_running(layer.keys, county) for layer in layers)])


def _template(done: YearlyUpdate, one: MaintainedLayer, stage: str) -> Template:
    rules = require_value(done.current.norm.standard.maintenance, "the norm of maintenance")
    return done.current.norm.standard.templates[rules.stage(stage).prefix + one.role]


def _make_before(done: YearlyUpdate, one: MaintainedLayer) -> Content:
    """Return filed parcels with filed key and fields, and the shared vertices."""
    template, layer = _template(done, one, BEFORE), require_value(one.filed, f"the filed layer {one.role}")
    return Content(layer, template, {f.name: layer.spelling(f) for f in template.fields}, "O", False)


def _make_change(done: YearlyUpdate, one: MaintainedLayer, target: CRS, first: int, bsm: int) -> Content:
    template, county = _template(done, one, CHANGE), done.current.area_code
    rows: dict[str, list[Any]] = {f.name: [None] * len(one.changes) for f in template.fields}
    divisions = {
        name: (one.found.before.layer.named_text(name), one.found.after.layer.named_text(name), of_county)
        for name, of_county in (("XZQDM", county), ("XZQMC", area_name(done.current)))
    }
    for n, change in enumerate(one.changes):
        rows["BSM"][n] = make_bsm(county, bsm + n)
        rows["YSDM"][n] = template.feature_code or None
        for name, (old, new, of_county) in divisions.items():
            rows[name][n] = (new[change.after] if change.kind == IN else old[change.before]) or of_county or None
        rows["WHLX"][n] = KIND_CODES[change.kind]
        rows["WHBH"][n] = f"{done.day:%Y%m%d}{first + n:0{_NUMBER_DIGITS}d}"
    return _make_content(done, template, rows, [change.shape for change in one.changes], target)


def _make_after(done: YearlyUpdate, one: MaintainedLayer, target: CRS, bsm: int) -> Content:
    """Return current land with its current fields and new numbers.

    For a part of a row, areas are those of the part.
    """
    template, layer = _template(done, one, AFTER), one.found.after.layer
    taken = layer.frame.iloc[[piece.row for piece in one.after]]
    rows = {}
    for declared in template.fields:
        column = layer.spelling(declared)
        rows[declared.name] = taken[column].tolist() if column is not None else [None] * len(taken)
        if declared.meaning == "area":
            rows[declared.name] = [
                old if piece.share >= 1 and _has_text(old) else round(piece.area_m2, declared.decimals or _DECIMALS)
                for old, piece in zip(rows[declared.name], one.after, strict=True)
            ]
        elif declared.meaning in _SURVEYED and column is not None:
            own = layer.numbers(declared.meaning)
            rows[declared.name] = [
                old if piece.share >= 1 or np.isnan(own[piece.row]) else round(own[piece.row] * piece.share, _DECIMALS)
                for old, piece in zip(rows[declared.name], one.after, strict=True)
            ]
    county = done.current.area_code
    rows["BSM"] = [make_bsm(county, bsm + n) for n in range(len(taken))]
    return _make_content(done, template, rows, [piece.shape for piece in one.after], target)


def _has_text(value: Any) -> bool:
    """Return True if a cell is not missing and not blank."""
    return bool(cell_text(value).strip())


def _make_content(
    done: YearlyUpdate, template: Template, rows: dict[str, list[Any]], shapes: list[Any], target: CRS
) -> Content:
    frame = _make_frame(rows, _reproject_shapes(done, shapes, target), target)
    layer = Layer(SourceLayer(template.role, frame, (), target), template, target)
    return Content(layer, template, {name: name for name in rows}, "O", False)


def _reproject_shapes(done: YearlyUpdate, shapes: list[Any], target: CRS) -> NDArray:
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    stored = done.filed.without_added_vertices(done.current.without_added_vertices(array))
    return crs_care.reproject(stored, done.current.plane, target)


def _make_frame(rows: dict[str, list[Any]], shapes: NDArray, target: CRS) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import pandas as pd

    columns = {name: pd.Series(values, dtype=object) for name, values in rows.items()}
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs=target), crs=target)
