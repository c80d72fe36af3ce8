# SPDX-License-Identifier: GPL-2.0-or-later
"""Make the spatial indexes of a growing FileGDB once, after its last rows.

GDAL makes the index of a layer again whenever rows were added, and reads all rows for that: the time would grow with
the square of the number of counties. It makes what the layer's .gdbindexes file lists (GDAL's source,
`FileGDBTable::RefreshIndices`), so these files are set aside while the layers grow.
"""

from __future__ import annotations

import traceback
from pathlib import Path

from ..cancellation import Cancellation
from ..exchange.create import make_write_error
from ..exchange.gdal_setup import load_gdal, raise_if_refused

_DRIVER = "OpenFileGDB"
_LIST_SUFFIX, _INDEX_SUFFIX = ".gdbindexes", ".spx"
#: Suffix of a list of indexes while its layer grows; programs that read the database ignore such a file.
_SET_ASIDE_SUFFIX = ".indexes-later"


def set_indexes_aside(path: Path) -> None:
    """Set the indexes of all layers of a FileGDB of this run aside: rows are then added without them.

    Raise OutputError.
    """
    try:
        for index_list in list(path.glob(f"*{_LIST_SUFFIX}")):
            index_list.with_suffix(_INDEX_SUFFIX).unlink(missing_ok=True)
            index_list.rename(index_list.with_suffix(_SET_ASIDE_SUFFIX))
    except OSError as error:
        raise make_write_error(path, path.parent) from error


def make_indexes(path: Path, layers: list[str], cancellation: Cancellation) -> None:
    """Make the indexes that were set aside, of layers with rows. Raise Cancelled and OutputError."""
    try:
        for set_aside in list(path.glob(f"*{_SET_ASIDE_SUFFIX}")):
            set_aside.rename(set_aside.with_suffix(_LIST_SUFFIX))
        for name in layers:
            cancellation.raise_if_cancelled()
            with load_gdal() as gdal:
                database = raise_if_refused(gdal.OpenEx(str(path), gdal.OF_UPDATE | gdal.OF_VECTOR, [_DRIVER]))
                layer = raise_if_refused(database.GetLayerByName(name))
                # GDAL makes the indexes of a layer with a change: a row that is written again with equal values.
                raise_if_refused(layer.SetFeature(raise_if_refused(layer.GetNextFeature())))
                raise_if_refused(layer.SyncToDisk())
                # Closing writes the database.
                del layer, database
    except (RuntimeError, OSError) as error:
        # The frames of the traceback would keep the database open.
        traceback.clear_frames(error.__traceback__)
        raise make_write_error(path, path.parent) from error
