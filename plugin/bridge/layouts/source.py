# SPDX-License-Identifier: GPL-2.0-or-later
"""A file or folder opened as a separate project, only for its maps.

QGIS does not open the source itself: it changes a GeoPackage by opening it, and reads a shapefile in GBK by its
.cpg or not at all. The tables are read as for a check and written to a temporary GeoPackage.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import QgsProject, QgsVectorLayer

from ...core.base.errors import NEVER_CANCELLED, Cancellation, InputError
from ...core.checks.check import RunOptions, make_plan_layer_selector
from .. import health
from ..layers.properties import set_assigned_role
from ..running.threads import run_in_python_thread
from .map_layers import MapLayers, collect_from_layers

if TYPE_CHECKING:
    import geopandas as gpd


NoticeCallback = Callable[[str, dict[str, Any]], None]
#: Geometry types by the first word of the names of pyogrio and shapely.
_MULTI_TYPES = {"Point": "MultiPoint", "LineString": "MultiLineString", "Polygon": "MultiPolygon"}


@contextmanager
def open_map_source(
    path: str,
    options: RunOptions,
    *,
    cancellation: Cancellation = NEVER_CANCELLED,
    report_unusable: NoticeCallback = lambda key, params: None,
) -> Iterator[MapLayers]:
    """Open the plan layers of a file or folder while the ``with`` block runs.

    Yield the layers in a temporary project. ``report_unusable``: called with message key and parameters for each layer
    that cannot be drawn. Raise InputError if no layer can be drawn.
    """
    health.require_libraries(cancellation)
    with tempfile.TemporaryDirectory(prefix="sanxian-") as folder:
        file = Path(folder) / "layers.gpkg"
        name_by_table = _copy_layers(path, file, options, cancellation, report_unusable)
        project = QgsProject()
        layers = []
        for table, (name, template) in name_by_table.items():
            layer = QgsVectorLayer(f"{file}|layername={table}", name, "ogr")
            if template:
                set_assigned_role(layer, template)
            layers.append(layer)
        for role, name in options.get_role_choices().items():
            matching_layers = [layer for layer in layers if layer.name().upper() == name.upper()]
            if not matching_layers:
                raise InputError(
                    "role_layer_missing", role=role, layer=name, layers="、".join(v.name() for v in layers)
                )
            set_assigned_role(matching_layers[0], role)
        project.addMapLayers(layers)
        try:
            yield collect_from_layers(project, layers, options)
        finally:
            # Before the file is deleted: Windows does not delete open files.
            project.clear()


@run_in_python_thread
def _copy_layers(
    path: str, file: Path, options: RunOptions, cancellation: Cancellation, report_unusable: NoticeCallback
) -> dict[str, tuple[str, str]]:
    """Copy the layers of ``path`` to one GeoPackage; return table name → (layer name, role)."""
    from ...core.plan.io import read_source

    name_by_table: dict[str, tuple[str, str]] = {}
    source_layers = read_source(
        path,
        select_layer=make_plan_layer_selector(options.resolve_norm(), options.get_role_choices()),
        cancellation=cancellation,
    )
    for number, layer in enumerate(source_layers):
        cancellation.raise_if_cancelled()
        if layer.problem:
            key, params = layer.problem
            report_unusable(key, {"layer": layer.name, "role": layer.template_id or layer.name, **params})
        elif len(layer.frame) and layer.crs is None:
            report_unusable("missing", {"layer": layer.name, "role": layer.template_id or layer.name})
        elif layer.crs is not None:
            table = f"t{number}"
            if write_map_layer(layer.frame, file, table):
                name_by_table[table] = (layer.name, layer.template_id)
    if not name_by_table:
        raise InputError("no_recognised_layer", source=path, layers="、".join(v.name for v in source_layers))
    return name_by_table


def write_map_layer(frame: gpd.GeoDataFrame, file: Path, table: str) -> bool:
    """Write one layer of a GeoPackage; return False if it has no geometry for a map."""
    from ...core.plan.io.geopackage_writing import append_rows

    frame = frame[~(frame.geometry.isna() | frame.geometry.is_empty)]
    kinds = {_MULTI_TYPES.get(kind, kind) for kind in frame.geom_type.unique()}
    drawable = next((kind for kind in ("MultiPolygon", "MultiLineString", "MultiPoint") if kind in kinds), "")
    if len(frame) and not drawable:
        return False
    # A list of no values would select no columns.
    frame = frame[frame.geom_type.replace(_MULTI_TYPES) == drawable].copy()
    for column in frame.columns:
        if column != frame.geometry.name and frame[column].dtype == object:
            frame[column] = [None if v is None or v != v else str(v) for v in frame[column]]
    append_rows(frame, file, table, drawable or "MultiPolygon")
    return True
