# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings as a QGIS layer, in memory or in a file that is whole at every moment."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    Qgis,
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QMetaType

from ..core.errors import OutputError
from .layers import same_file, to_qgis_crs

if TYPE_CHECKING:
    from ..core.findings import Finding

#: Always this, also for findings at a line or a point, so that any format can hold them.
GEOMETRY = Qgis.WkbType.MultiPolygon
_NUMBERS = ("area_m2", "net_area_m2", "width_m")
_BATCH = 500
_DATABASE = re.compile(r"^ogr:dbname='(.+?)'")


def fields() -> QgsFields:
    """The columns of a findings layer, as the core promises them."""
    from ..core.findings import COLUMNS

    found = QgsFields()
    for name in COLUMNS:
        kind = QMetaType.Type.Double if name in _NUMBERS else QMetaType.Type.QString
        found.append(QgsField(name, kind))
    return found


def feature(finding: Finding, columns: QgsFields) -> QgsFeature:
    """One row; no geometry where the finding has no place."""
    row = finding.row()
    made = QgsFeature(columns)
    made.setAttributes([row[name] for name in columns.names()])
    shape = finding.layer_geometry()
    if shape is not None:
        geometry = QgsGeometry()
        geometry.fromWkb(shape.wkb)
        made.setGeometry(geometry)
    return made


def fill(sink: Any, findings: list[Finding], target: str, check: Callable[[], None] = lambda: None) -> None:
    """Add all findings to a QgsFeatureSink; OutputError when it does not take one. ``target`` is for that error."""
    columns = fields()
    for number, finding in enumerate(findings):
        if number % _BATCH == 0:
            check()
        if not sink.addFeature(feature(finding, columns)):
            raise OutputError("output_unwritable", target=target, detail=str(sink.lastError()))
    if not sink.flushBuffer():
        raise OutputError("output_unwritable", target=target, detail=str(sink.lastError()))


def memory_layer(findings: list[Finding], crs: Any, name: str) -> QgsVectorLayer:
    """The findings as a layer that lives in the project only. ``crs``: the plan's (pyproj)."""
    layer = QgsVectorLayer("MultiPolygon", name, "memory")
    layer.setCrs(to_qgis_crs(crs))
    provider = layer.dataProvider()
    columns = fields()
    provider.addAttributes(columns.toList())
    layer.updateFields()
    provider.addFeatures([feature(f, columns) for f in findings])
    layer.updateExtents()
    return layer


def write_findings(
    target: str | Path, findings: list[Finding], crs: Any, *, check: Callable[[], None] = lambda: None
) -> None:
    """The findings layer at ``target`` (.gpkg, .shp, .gdb, .geojson, …), replacing what stood there as a whole."""
    with replacing(target) as temporary:
        write_file(temporary, findings, crs, check=check)


def write_file(path: Path, findings: list[Finding], crs: Any, *, check: Callable[[], None] = lambda: None) -> None:
    """Write a new file; `replacing` gives the path."""
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = driver_of(path)
    options.layerName = path.stem
    options.fileEncoding = "UTF-8"
    writer = QgsVectorFileWriter.create(
        str(path), fields(), GEOMETRY, to_qgis_crs(crs), QgsCoordinateTransformContext(), options
    )
    if writer.hasError() != QgsVectorFileWriter.WriterError.NoError:
        raise OutputError("output_unwritable", target=path.name, detail=writer.errorMessage())
    try:
        columns = fields()
        for number, finding in enumerate(findings):
            if number % _BATCH == 0:
                check()
            if not writer.addFeature(feature(finding, columns)):
                raise OutputError("output_unwritable", target=path.name, detail=writer.errorMessage())
        if not writer.flushBuffer():
            raise OutputError("output_unwritable", target=path.name, detail=writer.errorMessage())
    finally:
        # Only the destructor closes the file.
        del writer
    written = QgsVectorLayer(str(path), path.stem, "ogr").featureCount()
    if written != len(findings):
        # FlatGeobuf, for one, leaves out what has no place and does not say so.
        raise OutputError("output_incomplete", target=path.name, written=max(written, 0), expected=len(findings))


def driver_of(path: str | Path) -> str:
    """The OGR driver for a suffix. OutputError for one that no driver writes."""
    suffix = Path(path).suffix.lower().lstrip(".")
    driver = QgsVectorFileWriter.driverForExtension(suffix) if suffix else ""
    if not driver:
        raise OutputError("output_format", target=str(path), known=".gpkg .gdb .shp .geojson")
    return driver


def database_of(destination: str) -> str:
    """The file of Processing's ``ogr:dbname='…' table="…"`` (a table within a GeoPackage); empty for another."""
    found = _DATABASE.match(destination)
    return found[1] if found else ""


@contextmanager
def replacing(target: str | Path) -> Iterator[Path]:
    """A path to write to beside the target; all files written there take the place of the target's at the end.

    Serves formats of several files (.shp) and folders (.gdb). When a file cannot be replaced, those replaced before
    are put back: the old output is whole or the new one is. Raises OutputError.
    """
    target = Path(target)
    folder = _folder_beside(target)
    try:
        new, old = folder / "new", folder / "old"
        new.mkdir()
        old.mkdir()
        yield new / target.name
        _swap(sorted(new.iterdir()), old, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_writable(target: str | Path, inputs: list[str]) -> None:
    """Say before a long run that an output cannot be written: OutputError, with what to do."""
    target = Path(target)
    check_not_input(target, inputs)
    if target.is_dir() and target.suffix.lower() != ".gdb":
        raise OutputError("output_is_folder", target=str(target))
    existed = target.parent.exists()
    shutil.rmtree(_folder_beside(target), ignore_errors=True)
    if not existed:
        _remove_empty(target.parent)
    if target.exists():
        try:
            # To itself: nothing on most systems, an error on Windows while another program has it open.
            os.rename(target, target)
        except OSError as error:
            raise OutputError("output_open_elsewhere", target=str(target)) from error


def check_not_input(target: str | Path, inputs: list[str]) -> None:
    """OutputError when a target is one of the files that are read, or lies within one (FileGDB)."""
    for path in inputs:
        within = path.lower().endswith(".gdb") and Path(path) in Path(target).parents
        if target and (within or same_file(path, str(target))):
            raise OutputError("output_is_input", target=str(target))


def _remove_empty(folder: Path) -> None:
    """Undo the making of folders for a trial; one that holds something stays."""
    try:
        folder.rmdir()
    except OSError:
        return


def _folder_beside(target: Path) -> Path:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=".sanxian-", dir=target.parent))
    except OSError as error:
        raise OutputError("output_unwritable", target=str(target), detail=_reason(error)) from error


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _swap(made: list[Path], old: Path, target: Path) -> None:
    """Old files of the target out of the way, new ones in; on an error all back as it was."""
    names = {p.name for p in made} | {p.name for p in _companions(target)}
    moved: list[tuple[Path, Path]] = []
    try:
        for name in sorted(names):
            if (target.parent / name).exists():
                _move(target.parent / name, old / name, moved)
        for path in made:
            _move(path, target.parent / path.name, moved)
    except OSError as error:
        for source, destination in reversed(moved):
            os.replace(destination, source)
        key = "output_open_elsewhere" if isinstance(error, PermissionError) else "output_unwritable"
        raise OutputError(key, target=str(target), detail=_reason(error)) from error


def _move(source: Path, destination: Path, moved: list[tuple[Path, Path]]) -> None:
    os.replace(source, destination)
    moved.append((source, destination))


def _companions(target: Path) -> list[Path]:
    """Files of an old output that would spoil the new one: a shapefile's other parts, SQLite's logs."""
    tails = {".gpkg": (".gpkg-wal", ".gpkg-shm", ".gpkg-journal"), ".shp": _SHAPEFILE}
    stem = target.with_suffix("")
    return [Path(f"{stem}{tail}") for tail in tails.get(target.suffix.lower(), ())]


_SHAPEFILE = (".dbf", ".shx", ".prj", ".cpg", ".qix", ".sbn", ".sbx", ".shp.xml", ".qmd", ".idm", ".ind")
