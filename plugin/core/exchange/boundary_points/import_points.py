# SPDX-License-Identifier: GPL-2.0-or-later
"""Import a boundary-point file into a layer of polygons."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...base.errors import InputError, OutputError
from ...base.files.writing import check_writable, write_atomically
from ...plan.io.geopackage_writing import append_rows
from ...standard.messages.texts import MessageLines
from ..create import create_database, stage_geopackage
from .areas import find_area_unit
from .forms import AUTOMATIC
from .parcels import NoteLevel, PointFile
from .read_points import read_boundary_points
from .settings import load_settings
from .stored import (
    COUNT_FIELD,
    DECLARED_FIELD,
    DIFFERENCE_FIELD,
    FIELD_BY_ITEM,
    LAYER_NAME,
    PLANE_FIELD,
    RECORD_FIELD,
    STATUTORY_FIELD,
    format_record,
    make_layer_template,
)

ProgressCallback = Callable[[float, str], None]
LAYER_SUFFIX = ".gpkg"
_READ_SHARE = 0.5


@dataclass(frozen=True)
class PointImport:
    """The result of an import: the file as read, and the path of the layer's database."""

    file: PointFile
    path: Path

    @property
    def point_count(self) -> int:
        """Return the number of points of the imported parcels, closing points included."""
        return sum(len(parcel.raw.rows) for parcel in self.file.parcels)

    @property
    def left_out_count(self) -> int:
        """Return the number of parcels with an error, which were not imported."""
        return self.file.parcel_count - len(self.file.parcels)


def check_import_output(source: str | Path, output: str | Path) -> None:
    """Raise OutputError if the layer cannot be written; called before the file is read."""
    if Path(output).suffix.lower() != LAYER_SUFFIX:
        raise OutputError("output_format", target=str(output), known=LAYER_SUFFIX)
    check_writable(output, [str(source)])


def import_boundary_points(
    source: str | Path,
    output: str | Path,
    *,
    form_name: str = AUTOMATIC,
    crs_text: str = "",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> PointImport:
    """Write the parcels of a boundary-point file as polygons to a new GeoPackage; the file does not change.

    The layer has the CRS of the file, and the vertices as written. A field keeps what the file wrote for each parcel.

    Parameters
    ----------
    form_name, crs_text
        As for `read_boundary_points`.

    Raises
    ------
    InputError, DataError
        As `read_boundary_points`, and if no parcel can be read; the error lists the first reasons.
    OutputError
        The layer cannot be written; an existing file stays.
    Cancelled
        The user cancelled; nothing is written.
    """
    check_import_output(source, output)
    file = read_boundary_points(source, form_name=form_name, crs_text=crs_text, cancellation=cancellation)
    progress(_READ_SHARE, "")
    if not file.parcels:
        errors = [note for note in file.notes if note.level is NoteLevel.ERROR][: load_settings().most_listed]
        raise InputError(
            "boundary_none_readable", file=file.path.name, count=file.parcel_count, reasons=MessageLines(tuple(errors))
        )
    target = Path(output)
    with stage_geopackage(target) as temporary_database:
        create_database(temporary_database, [make_layer_template()], file.crs, code_lists={}, cancellation=cancellation)
        append_rows(_make_frame(file), temporary_database, LAYER_NAME)
        cancellation.raise_if_cancelled()
        with write_atomically(target) as new:
            shutil.copyfile(temporary_database, new)
    progress(1.0, "")
    return PointImport(file, target)


def _make_frame(file: PointFile) -> gpd.GeoDataFrame:
    """Return the parcels of a file as rows of the layer."""
    columns: dict[str, list[object]] = {
        name: [parcel.raw.values.get(item) or None for parcel in file.parcels]
        for item, (name, _) in FIELD_BY_ITEM.items()
    }
    columns[DECLARED_FIELD] = [parcel.declared_m2 for parcel in file.parcels]
    columns[PLANE_FIELD] = [parcel.plane_m2 for parcel in file.parcels]
    columns[STATUTORY_FIELD] = [parcel.statutory_m2 for parcel in file.parcels]
    columns[DIFFERENCE_FIELD] = [
        None if parcel.declared_m2 is None else parcel.declared_m2 - parcel.plane_m2 for parcel in file.parcels
    ]
    columns[COUNT_FIELD] = [len(parcel.raw.rows) for parcel in file.parcels]
    columns[RECORD_FIELD] = [
        format_record(parcel, file.form, file.layout, file.crs, find_area_unit(parcel.raw, file.form)[0])
        for parcel in file.parcels
    ]
    frame = gpd.GeoDataFrame(columns, geometry=[parcel.shape for parcel in file.parcels], crs=file.crs)
    for name in (DECLARED_FIELD, DIFFERENCE_FIELD):
        frame[name] = frame[name].astype("float64")
    for name, _ in FIELD_BY_ITEM.values():
        frame[name] = frame[name].astype("object")
    return frame
