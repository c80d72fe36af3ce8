# SPDX-License-Identifier: GPL-2.0-or-later
"""Features of several parts: a file has a record and a row for each part, with ids one after the other and the same values.

Put together again where nothing speaks against it: the rows follow each other, their values are alike to the last, their
标识码 is there, and the parts together make a valid shape. Whatever else looks alike stays as it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from .batch import Batch
from .structure import Table

#: The field that names a feature.
KEY = "BSM"
#: Kinds of tables whose features may have several parts.
_OF_PARTS = ("polygon", "line")
_TOGETHER = {0: shapely.multipoints, 1: shapely.multilinestrings, 3: shapely.multipolygons}


def key_position(table: Table) -> int | None:
    """Where a table's rows have their 标识码; None for a table whose features have no parts."""
    names = [column.name.upper() for column in table.columns]
    return names.index(KEY) if table.kind in _OF_PARTS and KEY in names else None


def one_of(shapes: NDArray) -> BaseGeometry:
    """(n,) points, lines or polygons, single or multiple, as one multiple shape of all their parts. KeyError for others."""
    parts = shapely.get_parts(shapes)
    return _TOGETHER[int(shapely.get_type_id(parts[0]))](parts)


def continues(batch: Batch, ident: int, values: list[Any], key: int) -> bool:
    """Is this row, which has a shape, one more part of the last row of the batch?"""
    if not batch.ids or batch.shapes[-1] is None or values[key] is None or batch.rows[-1] != values:
        return False
    last = batch.more.get(len(batch.ids) - 1)
    return ident == (last[-1][0] if last else batch.ids[-1]) + 1


def put_together(batch: Batch) -> int:
    """Make one shape of the parts of each row; rows of parts that make no valid shape stay apart. How many became one."""
    joined = 0
    for place in sorted(batch.more, reverse=True):
        pieces = [batch.shapes[place], *(shape for _, shape in batch.more[place])]
        whole = one_of(shapely.from_wkb(np.array(pieces, dtype=object)))
        if batch.table.kind == "line" or shapely.is_valid(whole):
            batch.shapes[place] = shapely.to_wkb(whole)
            joined += 1
            continue
        for ident, shape in reversed(batch.more[place]):
            batch.ids.insert(place + 1, ident)
            batch.rows.insert(place + 1, batch.rows[place])
            batch.lines.insert(place + 1, batch.lines[place] + ident - batch.ids[place])
            batch.shapes.insert(place + 1, shape)
            batch.texts.insert(place + 1, ("", None))
    batch.more = {}
    return joined
