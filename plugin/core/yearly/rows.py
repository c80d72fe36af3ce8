# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows of the three classes as they are written: attributes of the edition that each is of, numbers of maintenance, causes
left empty for a person to fill in."""

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

#: Areas that follow a part's share of its row, and are not measured: they came from a survey.
_SURVEYED = ("gross_area", "net_area")
_DECIMALS = 2
#: Running digits of 维护编号, behind yyyymmdd.
_NUMBER_DIGITS = 6


def class_contents(done: YearlyUpdate, target: CRS) -> list[Content]:
    """Before, change and after of every layer that changed, in ``target``. InputError for a county's code that is none.

    维护编号 run through all layers, so that each names one change. BSM of changes and of 维护后 run on, through all layers, from
    the highest of both editions: 维护前 keeps the filed ones, and none stands twice in a database.
    """
    found = []
    number, bsm = 1, highest_number(done) + 1
    for one in done.changed:
        found += [_before(done, one), _change(done, one, target, number, bsm)]
        number, bsm = number + len(one.changes), bsm + len(one.changes)
        found.append(_after(done, one, target, bsm))
        bsm += len(one.after)
    return found


def highest_number(done: YearlyUpdate) -> int:
    """The highest running number of the county in any layer of the two editions."""
    county = done.current.area_code
    layers = [layer for plan in (done.filed, done.current) for layer in plan.layers.values()]
    return max([done.highest, *(highest_running(layer.keys, county) for layer in layers)])


def _template(done: YearlyUpdate, one: MaintainedLayer, stage: str) -> Template:
    rules = require_value(done.current.norm.standard.maintenance, "the norm of maintenance")
    return done.current.norm.standard.templates[rules.stage(stage).prefix + one.role]


def _before(done: YearlyUpdate, one: MaintainedLayer) -> Content:
    """Filed parcels as they were filed: shape, key and every field; on their edges the vertices that all classes share."""
    template, layer = _template(done, one, BEFORE), require_value(one.filed, f"the filed layer {one.role}")
    return Content(layer, template, {f.name: layer.spelling(f) for f in template.fields}, "O", False)


def _change(done: YearlyUpdate, one: MaintainedLayer, target: CRS, first: int, bsm: int) -> Content:
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
    return _content(done, template, rows, [change.shape for change in one.changes], target)


def _after(done: YearlyUpdate, one: MaintainedLayer, target: CRS, bsm: int) -> Content:
    """Current land with its current fields, numbered anew; areas of what is part of a row are those of the part."""
    template, layer = _template(done, one, AFTER), one.found.after.layer
    taken = layer.frame.iloc[[piece.row for piece in one.after]]
    rows = {}
    for declared in template.fields:
        column = layer.spelling(declared)
        rows[declared.name] = taken[column].tolist() if column is not None else [None] * len(taken)
        if declared.meaning == "area":
            rows[declared.name] = [
                old if piece.share >= 1 and _given(old) else round(piece.area_m2, declared.decimals or _DECIMALS)
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
    return _content(done, template, rows, [piece.shape for piece in one.after], target)


def _given(value: Any) -> bool:
    """Does a cell hold anything (not missing, not blank)?"""
    return bool(cell_text(value).strip())


def _content(
    done: YearlyUpdate, template: Template, rows: dict[str, list[Any]], shapes: list[Any], target: CRS
) -> Content:
    frame = _frame(rows, _in_target(done, shapes, target), target)
    layer = Layer(SourceLayer(template.role, frame, (), target), template, target)
    return Content(layer, template, {name: name for name in rows}, "O", False)


def _in_target(done: YearlyUpdate, shapes: list[Any], target: CRS) -> NDArray:
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    stored = done.filed.without_added_vertices(done.current.without_added_vertices(array))
    return crs_care.reproject(stored, done.current.plane, target)


def _frame(rows: dict[str, list[Any]], shapes: NDArray, target: CRS) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import pandas as pd

    columns = {name: pd.Series(values, dtype=object) for name, values in rows.items()}
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs=target), crs=target)
