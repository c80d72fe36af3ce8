# SPDX-License-Identifier: GPL-2.0-or-later
"""Maps of a submission package, drawn from the exported plan.

The project's layers are not used. The plan's layers are written to a separate file, in the thread that makes the
package. QGIS opens them in a separate project, and prints page by page, on the main thread.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import Qgis, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import qVersion
from qgis.PyQt.QtGui import QFont, QRawFont

from ...core.base.errors import Cancellation, OutputError, require_value
from ...core.package.export_order import MapJob, MapRequest, RenderedMap
from ...core.standard.map_set import MissingMapReason, expand_concepts_to_roles
from ...metadata import read_plugin_version
from ...paths import LAYOUTS_FOLDER, STYLES_FOLDER
from ..layers.properties import set_assigned_role
from ..running.threads import call_on_main
from . import frame
from .build import LayoutBuilder
from .export import JPG_FORMAT, LayoutPage, write_page
from .layer_styles import choose_font_family
from .map_layers import CENTRAL_AREA_ROLE, COUNTY_ROLE, TOWNSHIPS_CONCEPT, DivisionName, MapLayers, find_division_codes
from .source import write_map_layer

if TYPE_CHECKING:
    from pyproj import CRS

    from ...core.plan.layer import Layer

#: Timeout of waiting for the main thread at the end, in seconds.
_MAIN_THREAD_TIMEOUT_S = 30.0
_DIGEST_CHARACTERS = 12
#: In radians; no edge of a map is expected to be at a right angle to it.
_OBLIQUE_ANGLE = 0.5741


def render_maps(job: MapJob) -> Iterator[RenderedMap]:
    """Render the requested maps of a package and yield them one after the other.

    May be called from any thread that may use the plan. Raises Cancelled between pages, and OutputError for a file that
    cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "layers.gpkg"
        tables = _write_layers(job, file)
        printer = require_value(
            call_on_main(lambda: _PackageMapPrinter(job, file, tables), job.cancellation),
            "the answer of the main thread",
        )
        try:
            for n, request in enumerate(job.requests):
                job.report_progress(n / len(job.requests), request.map_spec.title)
                job.cancellation.raise_if_cancelled()
                print_map = partial(printer.print_map, request, job.cancellation)
                yield require_value(call_on_main(print_map, job.cancellation), "the answer of the main thread")
        finally:
            # Before the file is deleted: Windows does not delete open files. The project must be deleted in the thread
            # that created it.
            call_on_main(printer.close, timeout_seconds=_MAIN_THREAD_TIMEOUT_S)
    job.report_progress(1.0, "")


def _write_layers(job: MapJob, file: Path) -> dict[str, str]:
    """Write the layers of the maps to one file; return role → table."""
    tables: dict[str, str] = {}
    specs = [spec.of for request in job.requests for spec in request.map_spec.layers]
    concepts = job.plan.norm.standard.concepts
    roles = dict.fromkeys(
        role
        for of in (*specs, (COUNTY_ROLE,), (TOWNSHIPS_CONCEPT,), (CENTRAL_AREA_ROLE,))
        for role in expand_concepts_to_roles(of, concepts)
    )
    layers = [job.plan.layers[role] for role in roles if role in job.plan.layers]
    crs = job.crs or _choose_common_crs(layers, job)
    for layer in layers:
        job.cancellation.raise_if_cancelled()
        table = f"t{len(tables)}"
        rows = layer.frame.set_crs(layer.crs, allow_override=True)
        if layer.stray_rows:
            # They would enlarge the extent.
            rows = rows[[n not in layer.stray_rows for n in range(len(rows))]]
        if rows.crs is not None:
            rows = rows.to_crs(crs)
        if write_map_layer(_normalize_ring_starts(rows), file, table):
            tables[layer.role] = table
    return tables


def _choose_common_crs(layers: list[Layer], job: MapJob) -> CRS:
    """Return the projected CRS in which all layers are drawn (see `MapLayers.crs`).

    Maps in degrees would differ from maps of the projected layers in the package, from which an inspection draws the
    maps again.
    """
    from ...core.standard.divisions import find_default_crs

    county_first = sorted(layers, key=lambda one: one.role != COUNTY_ROLE)
    projected = (one.crs for one in county_first if one.crs is not None and one.crs.is_projected)
    return next(projected, None) or find_default_crs(job.county_code, find_division_codes(job.plan.norm))


def _normalize_ring_starts(frame):
    """Return the rows with polygon rings that have a defined first vertex and direction.

    Symbols along an edge are placed from its first vertex, and a database may store a ring from another vertex. The
    first vertex is the outermost one in an oblique direction, in which two vertices are hardly ever equal.
    """
    import numpy as np
    import shapely

    sine, cosine = np.sin(_OBLIQUE_ANGLE), np.cos(_OBLIQUE_ANGLE)
    rotation = np.array([[cosine, sine], [-sine, cosine]])
    shapes = frame.geometry.to_numpy().copy()
    is_area = np.isin(shapely.get_type_id(shapes), (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON))
    rotated = shapely.normalize(shapely.transform(shapes[is_area], lambda points: points @ rotation))
    shapes[is_area] = shapely.transform(rotated, lambda points: points @ rotation.T)
    return frame.set_geometry(type(frame.geometry)(shapes, index=frame.index, crs=frame.crs))


class _PackageMapPrinter:
    """Prints maps from a file of plan layers. On the main thread only."""

    def __init__(self, job: MapJob, file: Path, tables: dict[str, str]):
        self._job = job
        self._project = QgsProject()
        roles = {}
        for role, table in tables.items():
            roles[role] = QgsVectorLayer(f"{file}|layername={table}", job.plan.layers[role].name, "ogr")
            set_assigned_role(roles[role], role)
        self._project.addMapLayers(list(roles.values()))
        available_layers = MapLayers(
            self._project, roles, job.plan.norm, DivisionName(job.county_code, job.county_name)
        )
        self._sheet = job.catalogue.page_size_by_id[job.map_settings.page]
        self._builder = LayoutBuilder(available_layers, job.catalogue, job.document_info)

    def print_map(self, request: MapRequest, cancellation: Cancellation) -> RenderedMap:
        """Write the files of one map and return their names; if the map lacks input, return the reason."""
        if lack := self._builder.available_layers.find_missing_input(request.map_spec):
            return RenderedMap(request, missing_reason=lack)
        layout = self._builder.build_layout(request.map_spec, self._sheet)
        page = LayoutPage(-1, request.file_name.rpartition(".")[0], f"{self._job.county_name}{request.map_spec.title}")
        settings = self._job.map_settings
        try:
            file_names = write_page(
                layout,
                page,
                self._job.target_folder,
                formats=(JPG_FORMAT,),
                dpi=settings.dpi,
                writes_world_file=settings.world_file,
                cancellation=cancellation,
            )
        except OutputError as error:
            if error.key != "map_too_large":
                raise
            return RenderedMap(request, missing_reason=MissingMapReason("too_large", {"dpi": str(settings.dpi)}))
        item = layout.itemById(frame.MAP_ITEM_ID)
        crs = item.crs().authid() or item.crs().description()
        family = choose_font_family()
        font_table = bytes(QRawFont.fromFont(QFont(family)).fontTable("head"))
        font_digest = hashlib.sha256(font_table).hexdigest()[:_DIGEST_CHARACTERS] if font_table else ""
        # What the pixels of a map depend on.
        programs = (
            f"sanxian {read_plugin_version()} {_compute_layout_digest()}, QGIS {Qgis.version().partition('-')[0]}, "
            f"Qt {qVersion()}, {sys.platform}, {family} {font_digest}".strip()
        )
        return RenderedMap(request, tuple(sorted(file_names)), crs, item.scale(), programs=programs)

    def close(self) -> None:
        """Close the temporary project with its layers."""
        self._project.clear()
        del self._project, self._builder


@cache
def _compute_layout_digest() -> str:
    """Return a digest of the files that determine maps: layouts, styles, and the code that uses them."""
    digest = hashlib.sha256()
    for folder, pattern in ((LAYOUTS_FOLDER, "*"), (STYLES_FOLDER, "**/*"), (Path(__file__).parent, "*.py")):
        for path in sorted(folder.glob(pattern)):
            if path.is_file():
                # Line ends of a copy do not change the maps.
                digest.update(path.name.encode() + path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:_DIGEST_CHARACTERS]
