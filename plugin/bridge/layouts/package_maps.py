# SPDX-License-Identifier: GPL-2.0-or-later
"""The maps of a package, of the plan that is packed and of nothing else: not of what the project shows.

The plan's layers are written to a file of their own, in the thread that makes the package; QGIS opens them in a project of
their own, and prints page by page, on the main thread.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsLayoutItemMap, QgsPrintLayout, QgsProject, QgsVectorLayer

from ...core.cancellation import Cancellation
from ...core.errors import OutputError
from ...core.invariants import InvariantError, require_value
from ...core.package.maps.slots import MapJob, MapRequest, RenderedMap
from ...core.standard.map_set import MissingInput, find_roles
from ..layers.properties import set_template
from ..running.main_thread import on_main
from . import frame
from .build import Builder
from .export import JPG, Page, write_page
from .map_layers import CENTRE, COUNTY, TOWNSHIPS, MapLayers, Township
from .source import write_layer

if TYPE_CHECKING:
    from ...core.plan.layer import Layer

#: How long the end of the work waits for the main thread, in seconds.
_PATIENCE = 30.0


def render_maps(job: MapJob) -> Iterator[RenderedMap]:
    """A `MapRenderer`: the maps of a job, one after the other. In any thread that may use the plan.

    Raises Cancelled between pages, and OutputError for a file that cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "layers.gpkg"
        tables = _written(job, file)
        press = require_value(
            on_main(lambda: _Press(job, file, tables), job.cancellation), "the answer of the main thread"
        )
        try:
            for n, wish in enumerate(job.requests):
                job.progress(n / len(job.requests), wish.one.title)
                job.cancellation.raise_if_cancelled()
                yield _printed(press, wish, job.cancellation)
        finally:
            # Before their file goes: Windows does not delete what is open. And the project goes where it was made.
            on_main(press.close, patience=_PATIENCE)
    job.progress(1.0, "")


def _printed(press: _Press, wish: MapRequest, cancellation: Cancellation) -> RenderedMap:
    return require_value(
        on_main(lambda: press.print(wish, cancellation), cancellation), "the answer of the main thread"
    )


def _written(job: MapJob, file: Path) -> dict[str, str]:
    """The layers that the maps show, in one file; role → table."""
    tables: dict[str, str] = {}
    for layer in _shown(job):
        job.cancellation.raise_if_cancelled()
        table = f"t{len(tables)}"
        if write_layer(_rows(layer), file, table):
            tables[layer.role] = table
    return tables


def _shown(job: MapJob) -> list[Layer]:
    """Layers of the plan that are on one of the maps or on its locator."""
    specs = [spec.of for wish in job.requests for spec in wish.one.layers]
    concepts = job.plan.norm.standard.concepts
    roles = dict.fromkeys(
        role for of in (*specs, (COUNTY,), (TOWNSHIPS,), (CENTRE,)) for role in find_roles(of, concepts)
    )
    return [job.plan.layers[role] for role in roles if role in job.plan.layers]


def _rows(layer: Layer):
    """A layer's rows as they were read, but for those whose place cannot be right: a map would shrink to nothing."""
    frame = layer.frame.set_crs(layer.crs, allow_override=True)
    if not layer.stray_rows:
        return frame
    return frame[[n not in layer.stray_rows for n in range(len(frame))]]


class _Press:
    """Prints maps. On the main thread only."""

    def __init__(self, job: MapJob, file: Path, tables: dict[str, str]):
        self._job = job
        self._project = QgsProject()
        roles = {}
        for role, table in tables.items():
            name = job.plan.layers[role].name
            roles[role] = QgsVectorLayer(f"{file}|layername={table}", name, "ogr")
            set_template(roles[role], role)
        self._project.addMapLayers(list(roles.values()))
        material = MapLayers(self._project, roles, job.plan.norm, Township(job.code, job.name))
        said = job.settings
        self._sheet = job.catalogue.sheets[said.page]
        self._builder = Builder(material, job.catalogue, job.document)

    def print(self, wish: MapRequest, cancellation: Cancellation) -> RenderedMap:
        lack = self._builder.material.find_missing_input(wish.one)
        if lack:
            return RenderedMap(wish, lack=lack)
        layout = self._builder.build(wish.one, self._sheet)
        page = Page(-1, wish.file.rpartition(".")[0], f"{self._job.name}{wish.one.title}")
        said = self._job.settings
        try:
            names = write_page(
                layout,
                page,
                self._job.folder,
                formats=(JPG,),
                dpi=said.dpi,
                world=said.world_file,
                cancellation=cancellation,
            )
        except OutputError as error:
            if error.key != "map_too_large":
                raise
            return RenderedMap(wish, lack=MissingInput("too_large", {"dpi": str(said.dpi)}))
        return RenderedMap(wish, tuple(sorted(names)), *_system(layout))

    def close(self) -> None:
        self._project.clear()
        del self._project, self._builder


def _system(layout: QgsPrintLayout) -> tuple[str, float]:
    """CRS and scale (denominator) of the main map."""
    item = layout.itemById(frame.MAP)
    if not isinstance(item, QgsLayoutItemMap):
        raise InvariantError(f"item {frame.MAP!r} of the layout is not a map")
    return item.crs().authid() or item.crs().description(), item.scale()
