# SPDX-License-Identifier: GPL-2.0-or-later
"""The layer of parcels: its fields, and what a file wrote for a parcel.

The latter is kept as JSON in a field, so that an export can write it again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from pyproj import CRS

from ...base.errors import DataError
from ...base.files.data import parse_json
from ...geometry.crs import make_crs_label
from .forms import POINT_ITEMS, TABLE_KIND, FileLayout, PointForm
from .parcels import PointParcel

#: Name of the layer in its database.
LAYER_NAME = "JZDDK"
#: Item of a parcel → field, and the field's Chinese name.
FIELD_BY_ITEM = {
    "number": ("DKBH", "地块编号"),
    "name": ("DKMC", "地块名称"),
    "use": ("DKYT", "地块用途"),
    "land_class": ("DLBM", "地类编码"),
    "sheet": ("TFH", "图幅号"),
    "parcel_type": ("TBLX", "图斑类型"),
    "land_type": ("DL", "地类"),
    "quality_before": ("GZQZL", "改造前质量等别"),
    "quality_after": ("GZHZL", "改造后质量等别"),
    "remark": ("BZ", "备注"),
}
DECLARED_FIELD, PLANE_FIELD, STATUTORY_FIELD, DIFFERENCE_FIELD = "SBMJ", "PMMJ", "TQMJ", "MJC"
COUNT_FIELD, RECORD_FIELD = "JZDS", "JZDYW"
#: Version of a record, and the types of its items, for `read_value`.
_VERSION = 1
_RECORD_TYPES = {
    "version": int,
    **dict.fromkeys(("form", "crs", "codec", "line_end", "area_unit"), str),
    **dict.fromkeys(("mark", "last_line_end"), bool),
    **dict.fromkeys(("items", "header", "cells"), list[str]),
    "values": dict[str, str],
    "rings": [{"rows": list[list[str]], "closed": bool}],
}


@dataclass(frozen=True)
class StoredRing:
    """The cells of each point of a ring, as written; ``is_closed``: the last row is the closing point."""

    rows: tuple[tuple[str, ...], ...]
    is_closed: bool

    @property
    def points(self) -> tuple[tuple[str, ...], ...]:
        """Return the rows without that of the closing point."""
        return self.rows[:-1] if self.is_closed else self.rows


@dataclass(frozen=True)
class StoredParcel:
    """A parcel as its file wrote it.

    ``form``: id of the form; ``items``: items of a point's cells in order; ``crs``: label of the CRS, as ``EPSG:4526``;
    ``layout``: of the whole file; ``cells``: of the parcel's line (text files); ``values``: item → text without blanks.
    ``area_unit``: unit of the declared area.
    """

    form: str
    items: tuple[str, ...]
    crs: str
    layout: FileLayout
    cells: tuple[str, ...]
    values: dict[str, str] = field(hash=False)
    area_unit: str
    rings: tuple[StoredRing, ...]


class DamagedRecordError(Exception):
    """Raised for a record that is not complete, such as one that a format has cut to 254 characters."""


def format_record(parcel: PointParcel, form: PointForm, layout: FileLayout, crs: CRS, area_unit: str) -> str:
    """Return the record of a parcel as JSON."""
    record = {
        "version": _VERSION,
        "form": form.id,
        "items": POINT_ITEMS if form.kind == TABLE_KIND else form.point.items,
        "crs": make_crs_label(crs),
        "codec": layout.codec,
        "mark": layout.has_mark,
        "line_end": layout.line_end,
        "last_line_end": layout.ends_with_line_end,
        "header": layout.header,
        "cells": parcel.raw.cells,
        "values": parcel.raw.values,
        "area_unit": area_unit,
        "rings": [
            {"rows": [row.cells for row in ring.rows], "closed": ring.closing is not None} for ring in parcel.rings
        ],
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def parse_record(text: str) -> StoredParcel | None:
    """Return the record in a field; None for an empty field. Raise DamagedRecordError if it is not complete."""
    if not text.strip():
        return None
    try:
        record = parse_json(text, _RECORD_TYPES, file=Path(RECORD_FIELD))
    except DataError as error:
        raise DamagedRecordError from error
    if record["version"] != _VERSION:
        raise DamagedRecordError
    layout = FileLayout(
        record["codec"], record["mark"], record["line_end"], record["last_line_end"], tuple(record["header"])
    )
    return StoredParcel(
        record["form"],
        tuple(record["items"]),
        record["crs"],
        layout,
        tuple(record["cells"]),
        record["values"],
        record["area_unit"],
        tuple(StoredRing(tuple(map(tuple, one["rows"])), one["closed"]) for one in record["rings"]),
    )
