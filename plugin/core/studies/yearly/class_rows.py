# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of the three classes of a layer, as they are written.

Attributes come from the earlier or the later edition. Numbers of maintenance (维护编号) are assigned. Causes of changes
are left empty, because a person has to fill them in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...base.files.cells import format_cell
from ...base.invariants import require_value
from ...engine.provenance import find_county_name
from ...geometry import crs as crs_care
from ...package.layers.content import PackageLayer
from ...plan.layer import Layer, SourceLayer
from ...render.versions.edition_comparison import MOVED_IN_KIND
from ...standard.maintenance import AFTER_STAGE, BEFORE_STAGE, CHANGE_STAGE
from ...standard.numbering import find_highest_running_number, make_bsm
from ...standard.template import Template
from .maintenance import KIND_CODES, MaintainedLayer, YearlyUpdate

if TYPE_CHECKING:
    from pyproj import CRS

#: Areas that are reduced to a part's share of its row, not measured: they come from a survey.
_AREA_FIELDS = ("gross_area", "net_area")
_AREA_DECIMALS = 2
#: Running digits of 维护编号, after yyyymmdd.
_RUNNING_NUMBER_DIGITS = 6


def make_class_layers(update: YearlyUpdate, target_crs: CRS) -> list[PackageLayer]:
    """Return the three classes of every changed layer as layers to write.

    ``target_crs``: the CRS to write. 维护编号 are consecutive through all layers, so that each names one change. Keys
    (BSM) of changes and of 维护后 continue from the highest key of both editions, also through all layers. Parcels of
    维护前 have their present keys. Each key is then unique in the database.

    Raises
    ------
    InputError
        If the county's code is invalid.
    """
    class_layers = []
    number, bsm = 1, find_highest_number(update) + 1
    for one in update.changed_layers:
        class_layers += [_make_layer_before_change(update, one), _make_change(update, one, target_crs, number, bsm)]
        number, bsm = number + len(one.changes), bsm + len(one.changes)
        class_layers.append(_make_layer_after_change(update, one, target_crs, bsm))
        bsm += len(one.parcels_after_change)
    return class_layers


def find_highest_number(update: YearlyUpdate) -> int:
    """Return the county's highest running number of keys in the two editions."""
    county = update.current_plan.area_code
    layers = [layer for plan in (update.filed_plan, update.current_plan) for layer in plan.layers.values()]
    return max([update.highest_running_number, *(find_highest_running_number(layer.keys, county) for layer in layers)])


def _get_class_template(update: YearlyUpdate, maintained_layer: MaintainedLayer, stage: str) -> Template:
    """Return the template of one class of a layer; ``stage``: before, change or after."""
    rules = require_value(update.current_plan.norm.standard.maintenance, "the norm of maintenance")
    return update.current_plan.norm.standard.templates[rules.class_by_stage[stage].prefix + maintained_layer.role]


def _make_layer_before_change(update: YearlyUpdate, maintained_layer: MaintainedLayer) -> PackageLayer:
    """Return the parcels before the change as a layer to write, with the keys and fields of the earlier edition.

    Edges have the vertices that all classes share.
    """
    template, layer = (
        _get_class_template(update, maintained_layer, BEFORE_STAGE),
        require_value(maintained_layer.filed_layer, f"the filed layer {maintained_layer.role}"),
    )
    return PackageLayer(layer, template, {f.name: layer.find_column_name(f) for f in template.fields}, "O", False)


def _make_change(
    update: YearlyUpdate,
    maintained_layer: MaintainedLayer,
    target_crs: CRS,
    first_maintenance_number: int,
    first_key: int,
) -> PackageLayer:
    """Return the changes as a layer to write.

    Their 维护编号 begin with ``first_maintenance_number``, their keys (BSM) with ``first_key``.
    """
    template, county = _get_class_template(update, maintained_layer, CHANGE_STAGE), update.current_plan.area_code
    rows: dict[str, list[Any]] = {f.name: [None] * len(maintained_layer.changes) for f in template.fields}
    divisions = {
        name: (
            maintained_layer.comparison.earlier_edition.layer.get_texts_by_name(name),
            maintained_layer.comparison.later_edition.layer.get_texts_by_name(name),
            of_county,
        )
        for name, of_county in (("XZQDM", county), ("XZQMC", find_county_name(update.current_plan)))
    }
    for n, change in enumerate(maintained_layer.changes):
        rows["BSM"][n] = make_bsm(county, first_key + n)
        rows["YSDM"][n] = template.feature_code or None
        for name, (old, new, of_county) in divisions.items():
            rows[name][n] = (
                (new[change.after_row] if change.kind == MOVED_IN_KIND else old[change.before_row]) or of_county or None
            )
        rows["WHLX"][n] = KIND_CODES[change.kind]
        rows["WHBH"][n] = f"{update.update_date:%Y%m%d}{first_maintenance_number + n:0{_RUNNING_NUMBER_DIGITS}d}"
    return _make_package_layer(
        update, template, rows, [change.shape for change in maintained_layer.changes], target_crs
    )


def _make_layer_after_change(
    update: YearlyUpdate, maintained_layer: MaintainedLayer, target_crs: CRS, first_key: int
) -> PackageLayer:
    """Return the parcels after the change as a layer to write, with the fields of the later edition and new keys.

    Keys begin with ``first_key``. If a parcel is a part of a row, its area fields are reduced to its share.
    """
    template, layer = (
        _get_class_template(update, maintained_layer, AFTER_STAGE),
        maintained_layer.comparison.later_edition.layer,
    )
    current_rows = layer.frame.iloc[[piece.current_row for piece in maintained_layer.parcels_after_change]]
    rows = {}
    for template_field in template.fields:
        column = layer.find_column_name(template_field)
        rows[template_field.name] = current_rows[column].tolist() if column is not None else [None] * len(current_rows)
        if template_field.meaning == "area":
            rows[template_field.name] = [
                old
                if piece.share_of_row >= 1 and format_cell(old).strip()
                else round(piece.area_m2, template_field.decimals or _AREA_DECIMALS)
                for old, piece in zip(rows[template_field.name], maintained_layer.parcels_after_change, strict=True)
            ]
        elif template_field.meaning in _AREA_FIELDS and column is not None:
            row_areas = layer.numbers(template_field.meaning)
            rows[template_field.name] = [
                old
                if piece.share_of_row >= 1 or np.isnan(row_areas[piece.current_row])
                else round(row_areas[piece.current_row] * piece.share_of_row, _AREA_DECIMALS)
                for old, piece in zip(rows[template_field.name], maintained_layer.parcels_after_change, strict=True)
            ]
    county = update.current_plan.area_code
    rows["BSM"] = [make_bsm(county, first_key + n) for n in range(len(current_rows))]
    return _make_package_layer(
        update, template, rows, [piece.shape for piece in maintained_layer.parcels_after_change], target_crs
    )


def _make_package_layer(
    update: YearlyUpdate, template: Template, rows: dict[str, list[Any]], shapes: list[Any], target_crs: CRS
) -> PackageLayer:
    """Return columns and shapes (in the plan's plane) as a layer to write; ``rows``: field name → values."""
    import geopandas as gpd
    import pandas as pd

    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    # As stored: without vertices added on reading.
    stored_shapes = update.filed_plan.remove_added_vertices(update.current_plan.remove_added_vertices(array))
    reprojected = crs_care.reproject_geometries(stored_shapes, update.current_plan.plane_crs, target_crs)
    columns = {name: pd.Series(values, dtype=object) for name, values in rows.items()}
    frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(reprojected, crs=target_crs), crs=target_crs)
    layer = Layer(SourceLayer(template.role, frame, (), target_crs), template, target_crs)
    return PackageLayer(layer, template, {name: name for name in rows}, "O", False)
