# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes of the rows of layers, and a copy of a source with them; the source is never changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import shapely

from ..base.connection_text import is_connection, mask_source
from ..base.errors import NEVER_CANCELLED, Cancellation, InputError, OutputError
from ..base.files.csv_records import format_rows
from ..base.files.open_datasource import check_content, copy_database
from ..base.files.shapefile_index import write_index
from ..base.files.writing import check_writable, copy_path, is_same_file, name_refused_file, write_atomically
from ..geometry.arcs import count_arcs
from ..plan.io.rows import BYTES_CODEC
from ..plan.io.source import find_source_folder, is_zip, list_source_datasets
from ..plan.layer import SourceLayer
from ..standard.template import OGR_TYPES, TemplateField
from .create import explain_write_errors
from .gdal_setup import check_row_counts, define_field, load_gdal, raise_if_refused, repack_shapefile

#: The shape of a row of which only values change.
UNCHANGED = ...
#: Formats whose rows can be changed one by one.
EDITABLE_SUFFIXES = (".gpkg", ".gdb", ".shp")
#: Files that belong to a shapefile. Other files with its name, such as waivers, are not copied.
_SHAPEFILE_SUFFIXES = (
    ".shp", ".shx", ".dbf", ".prj", ".cpg", ".qpj", ".qmd", ".qix", ".sbn", ".sbx", ".fbn", ".fbx", ".ain", ".aih",
    ".cst", ".idm", ".ind", ".shp.xml",
)  # fmt: skip
#: The user's cancellation is noticed once in so many rows.
ROWS_PER_CANCEL_CHECK = 500


@dataclass
class LayerChanges:
    """All changes of one layer.

    ``changed``: feature id → new shape as stored (None for no shape, or `UNCHANGED`) and new values by column.
    ``added``: new feature id → id of the row as read from which the new row came, its shape, and the values that differ
    from that row's. ``deleted``: feature ids. ``new_fields``: fields that are added.
    """

    role: str
    source: SourceLayer
    changed: dict[int, tuple[Any, dict[str, Any]]] = field(default_factory=dict)
    added: dict[int, tuple[int, Any, dict[str, Any]]] = field(default_factory=dict)
    deleted: list[int] = field(default_factory=list)
    new_fields: tuple[TemplateField, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.added or self.deleted or self.new_fields)


def check_can_be_copied(source: str | Path) -> None:
    """Raise InputError for a source that cannot be copied and edited: a server, an archive, or another format."""
    if is_connection(source) or is_zip(source):
        raise InputError("source_not_copied", source=mask_source(source))
    datasets = list_source_datasets(Path(source))
    unsupported = [path.name for path in datasets if path.suffix.lower() not in EDITABLE_SUFFIXES]
    if unsupported:
        raise InputError("copy_format", file=", ".join(unsupported[:3]), known=", ".join(EDITABLE_SUFFIXES))


def check_copy_is_writable(source: str | Path, target: str | Path) -> None:
    """Raise InputError or OutputError if a copy of a source cannot be written to a path.

    Called before a long run. A copy has the format of its source; a folder is copied to a new folder.
    """
    check_can_be_copied(source)
    source, target = Path(source), Path(target)
    if find_source_folder(source) is not None:
        if target.exists():
            raise OutputError("output_exists", target=str(target))
        return
    (dataset,) = list_source_datasets(source)
    if target.suffix.lower() != dataset.suffix.lower():
        raise InputError("copy_suffix", target=target.name, suffix=dataset.suffix)
    check_writable(target, [str(dataset)])


def check_tables_are_writable(tables: Iterable[str], source: str | Path, target: str | Path) -> None:
    """Raise InputError or OutputError if tables (CSV) cannot be written next to a copy.

    ``tables``: paths, empty ones are skipped; ``target``: path of the copy, or empty. A table replaces neither a data
    set of the source nor another output.
    """
    inputs = [str(source), *map(str, list_source_datasets(Path(source))), *filter(None, [str(target)])]
    checked: list[str] = []
    for table in filter(None, tables):
        if Path(table).suffix.lower() != ".csv":
            raise InputError("table_suffix", target=Path(table).name)
        if any(is_same_file(table, other) for other in checked):
            raise OutputError("output_twice", target=table)
        check_writable(table, inputs)
        checked.append(table)


def write_table(path: str, headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a table as CSV with a byte order mark; return its path."""
    with write_atomically(path) as target:
        target.write_bytes(format_rows([headings, *rows]))
    return path


def write_copy(
    changes: Iterable[LayerChanges],
    source: str | Path,
    target: str | Path,
    cancellation: Cancellation = NEVER_CANCELLED,
    *,
    write_sibling_files: Callable[[Path], object] = lambda copy: None,
) -> Path:
    """Write a copy of a source with changed rows, and return its path.

    The copy is edited row by row and read back. Rows, fields and layers without a change are copied unchanged.
    ``write_sibling_files`` as of `write_edited_copy`.

    Raises
    ------
    OutputError, InputError
        The copy cannot be written; an existing file stays.
    Cancelled
        The user cancelled; nothing is written.
    """

    def edit_rows(copies: dict[str, Path]) -> None:
        for one in changes:
            _edit_layer(copies[find_dataset(one.source, copies)], one, cancellation)

    return write_edited_copy(source, target, edit_rows, write_sibling_files=write_sibling_files)


def write_edited_copy(
    source: str | Path,
    target: str | Path,
    edit: Callable[[dict[str, Path]], None],
    *,
    write_sibling_files: Callable[[Path], object] = lambda copy: None,
) -> Path:
    """Write a copy of a source that a function edits, and return its path.

    The copy is made in a temporary folder and moved to its place after ``edit`` returned.

    Parameters
    ----------
    edit
        Gets the path of each data set of the source → path of its copy. What it raises ends the run without output;
        a RuntimeError is a refusal by the driver.
    write_sibling_files
        Gets the copy before it is moved, and writes files beside or into it, which are moved with it.

    Raises
    ------
    OutputError, InputError
        The copy cannot be written; an existing file stays.
    """
    source, target = Path(source), Path(target)
    check_copy_is_writable(source, target)
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        work_folder = Path(folder) / "copy"
        work_folder.mkdir()
        with explain_write_errors(target, folder, source):
            copies = {
                os.path.abspath(dataset): copy_dataset(dataset, work_folder) for dataset in list_source_datasets(source)
            }
            edit(copies)
        with write_atomically(target) as new:
            if find_source_folder(source) is not None:
                new.mkdir()
                for copy in copies.values():
                    # Not the whole folder: GDAL may leave further files there.
                    copy_dataset(copy, new)
            elif (copy := next(iter(copies.values()))).suffix.lower() == ".shp":
                for part, suffix in _list_shapefile_parts(copy):
                    shutil.copyfile(part, new.with_name(f"{new.stem}{suffix}"))
            else:
                copy_path(copy, new)
            write_sibling_files(new)
    return target


def find_dataset(layer: SourceLayer, copies: dict[str, Path]) -> str:
    """Return the data set from which a layer was read; ``copies`` has data sets as keys."""
    path = os.path.abspath(layer.source)
    return next(dataset for dataset in copies if path == dataset or path.startswith(dataset + os.sep))


def copy_dataset(dataset: Path, folder: Path) -> Path:
    """Copy a file with its companion files, a file geodatabase, or a GeoPackage with its log; return the copy.

    Raise InputError for a GeoPackage that is damaged or locked, and for a file that the system does not copy.
    """
    with name_refused_file(dataset):
        return _copy_files(dataset, folder)


def _copy_files(dataset: Path, folder: Path) -> Path:
    target = folder / dataset.name
    if dataset.is_dir():
        copy_path(dataset, target, left_out=".lock")
    elif dataset.suffix.lower() == ".shp":
        target = folder / f"{dataset.stem}.shp"
        for part, suffix in _list_shapefile_parts(dataset):
            shutil.copyfile(part, folder / f"{dataset.stem}{suffix}")
        if not (index := target.with_suffix(".shx")).exists():
            write_index(target, index)
    elif dataset.suffix.lower() == ".gpkg":
        # Rows in the log (-wal) of a database that is open elsewhere are part of it.
        try:
            copy_database(dataset, target)
        except sqlite3.Error as error:
            detail = "in_use" if "locked" in str(error) else "damaged"
            raise InputError("source_not_gis", source=str(dataset), detail=detail) from error
    else:
        shutil.copyfile(dataset, target)
    return target


def _list_shapefile_parts(dataset: Path) -> list[tuple[Path, str]]:
    """Return the files of a shapefile with their suffixes in lower case."""
    stem = dataset.stem.lower()
    parts = [(path, path.name[len(stem) :].lower()) for path in dataset.parent.iterdir() if path.is_file()]
    return [
        (path, suffix)
        for path, suffix in parts
        if path.name.lower() == f"{stem}{suffix}" and suffix in _SHAPEFILE_SUFFIXES
    ]


def _edit_layer(path: Path, changes: LayerChanges, cancellation: Cancellation) -> None:
    """Write the changes of a layer into a data set, in one transaction if the format has transactions.

    Raise RuntimeError if the driver refuses a change, and OutputError if it cannot store the arcs of a row.
    """
    text_codec = (changes.source.encoding or "UTF-8") if path.suffix.lower() == ".shp" else ""
    with load_gdal() as gdal:
        database = open_for_editing(gdal, path)
        layer = raise_if_refused(database.GetLayerByName(changes.source.name))
        expected = layer.GetFeatureCount() + len(changes.added) - len(changes.deleted)
        for new_field in changes.new_fields:
            width = (new_field.length or 0) if new_field.type == "text" else 0
            definition = define_field(encode_text(new_field.name, text_codec), OGR_TYPES[new_field.type], width)
            raise_if_refused(layer.CreateField(definition))
        has_transactions = layer.TestCapability("Transactions")
        #: Rows that keep their arcs while values change → number of arcs.
        arcs: dict[int, int] = {}
        if has_transactions:
            raise_if_refused(layer.StartTransaction())
        # Read before any row is created: if the row of a FileGDB that was read last is read again after that, GDAL 3.6
        # returns values of the new row (reproduced): a divided feature would get the key of its new part.
        added = [
            (raise_if_refused(layer.GetFeature(origin)).Clone(), shape, values)
            for origin, shape, values in changes.added.values()
        ]
        for fid, (shape, values) in cancellation.watch(changes.changed.items(), ROWS_PER_CANCEL_CHECK):
            feature = raise_if_refused(layer.GetFeature(fid))
            if shape is UNCHANGED and fid in changes.source.curve_texts:
                arcs[fid] = _count_arcs(feature, changes.source, fid)
            _fill_feature(feature, shape, values, text_codec)
            replace_feature(layer, feature, path)
            del feature
        for feature, shape, values in cancellation.watch(added, ROWS_PER_CANCEL_CHECK):
            feature.SetFID(-1)
            _fill_feature(feature, shape, values, text_codec)
            raise_if_refused(layer.CreateFeature(feature))
            del feature
        added.clear()
        for fid, count in arcs.items():
            if _count_arcs(raise_if_refused(layer.GetFeature(fid)), changes.source, fid) != count:
                raise OutputError("copy_arcs_lost", layer=changes.source.name, fid=fid)
        for fid in cancellation.watch(changes.deleted, ROWS_PER_CANCEL_CHECK):
            raise_if_refused(layer.DeleteFeature(fid))
        if has_transactions:
            raise_if_refused(layer.CommitTransaction())
        if path.suffix.lower() == ".shp" and changes.deleted:
            # Deleted rows are only marked until the file is packed.
            del layer
            repack_shapefile(gdal, database, changes.source.name)
        else:
            raise_if_refused(layer.SyncToDisk())
            del layer
        del database
        check_row_counts(gdal, path, {changes.source.name: expected})


def replace_feature(layer: Any, feature: Any, path: Path) -> None:
    """Store a changed GDAL feature of a layer of the data set ``path``. Raise RuntimeError if the driver refuses.

    A row of a FileGDB is deleted and created again with its id: GDAL 3.6 damages other rows if an updated row needs
    more space (GDAL issue 7504; reproduced), and before 3.9 other programs cannot read such a row (issue 9388).
    """
    if path.suffix.lower() != ".gdb":
        raise_if_refused(layer.SetFeature(feature))
        return
    fid = feature.GetFID()
    raise_if_refused(layer.DeleteFeature(fid))
    raise_if_refused(layer.CreateFeature(feature))
    if feature.GetFID() != fid:
        raise RuntimeError(f"row {fid} became {feature.GetFID()}")


def _count_arcs(feature: Any, source: SourceLayer, fid: int) -> int:
    """Return the number of arcs of a row with curves. Raise OutputError if the driver can read no arc of it."""
    # Another curve of a FileGDB would be written as the segments by which the driver replaced it.
    count = count_arcs(feature.GetGeometryRef().ExportToWkt())
    if not count:
        raise OutputError("copy_arcs_lost", layer=source.name, fid=fid)
    return count


def open_for_editing(gdal: Any, path: Path) -> Any:
    """Open a data set to change its rows; raise RuntimeError if the driver refuses, InputError as `check_content`.

    The texts of a shapefile are opened as bytes (`encode_text`): the driver would rewrite all texts of a changed row,
    and lose characters where the declared encoding is not that of the texts.
    """
    options = [f"ENCODING={BYTES_CODEC}"] if path.suffix.lower() == ".shp" else []
    return raise_if_refused(gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_UPDATE, check_content(path), options))


def encode_text(text: str, text_codec: str) -> str:
    """Return a text as the driver needs it: for a shapefile one character for each byte in its encoding.

    ``text_codec``: encoding of the texts of a shapefile; empty for another format. Raise OutputError for a character
    that the encoding lacks.
    """
    if not text_codec:
        return text
    try:
        return text.encode(text_codec).decode(BYTES_CODEC)
    except UnicodeEncodeError as error:
        raise OutputError("copy_encoding", value=text, encoding=text_codec) from error


def _fill_feature(feature: Any, shape: Any, values: dict[str, Any], text_codec: str) -> None:
    """Set values, and unless unchanged the shape, of a GDAL feature. Raise RuntimeError for an unknown field.

    ``text_codec``: as in `encode_text`. Raise OutputError for a text that a field of a shapefile cannot store.
    """
    from osgeo import ogr

    for name, value in values.items():
        index = feature.GetFieldIndex(encode_text(name, text_codec))
        if index < 0:
            raise RuntimeError(f"no field {name}")
        if value is None:
            feature.SetFieldNull(index)
            continue
        stored_value = encode_text(value, text_codec) if isinstance(value, str) else value
        width = feature.GetFieldDefnRef(index).GetWidth()
        if text_codec and isinstance(value, str) and 0 < width < len(stored_value):
            raise OutputError("copy_too_long", field=name, value=value, length=width)
        feature.SetField(index, stored_value)
    if shape is UNCHANGED:
        return
    geometry = None
    if shape is not None:
        geometry = raise_if_refused(ogr.CreateGeometryFromWkb(shapely.to_wkb(shape, output_dimension=2)))
        if (former_geometry := feature.GetGeometryRef()) is not None:
            geometry.AssignSpatialReference(former_geometry.GetSpatialReference())
    raise_if_refused(feature.SetGeometry(geometry))
