# SPDX-License-Identifier: GPL-2.0-or-later
"""Values compared with the lengths that their table declares. A value that exceeds them is kept whole, and noted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from .batch import Batch
from .remarks import Remarks
from .settings import load_settings
from .structure import Column

#: What a double's last bits come to, as a share of the value.
_LAST_BITS = 1e-12
#: From here on a double no longer holds every whole number: keys of 18 digits become others.
_EXACT = 2.0**53


def compare_with_declared(batch: Batch, remarks: Remarks) -> None:
    """Note values longer than declared, numbers with more digits, dates with a time of day (which is left out) or of an
    impossible year."""
    for place, column in enumerate(batch.table.columns):
        values = [row[place] for row in batch.rows]
        if column.type == "text":
            _texts(values, column, batch, remarks)
        elif column.type == "integer":
            _integers(values, column, batch, remarks)
        elif column.type == "real":
            _reals(values, column, batch, remarks)
        else:
            _dates(values, place, column, batch, remarks)


def _note(key: str, places: list[int], column: Column, batch: Batch, remarks: Remarks, declared: str) -> None:
    line = batch.lines[places[0]]
    remarks.add(key, line, None, len(places), layer=batch.table.name, field=column.name, declared=declared)


def _texts(values: list[Any], column: Column, batch: Batch, remarks: Remarks) -> None:
    declared = column.length
    if column.long or not declared or max(map(len, filter(None, values)), default=0) <= declared:
        return
    places = [k for k, value in enumerate(values) if value is not None and len(value) > declared]
    _note("vct_note_too_long", places, column, batch, remarks, f"Char,{declared}")


def _integers(values: list[Any], column: Column, batch: Batch, remarks: Remarks) -> None:
    if column.bytes:
        most, declared = 2 ** (8 * column.bytes - 1) - 1, f"Int{column.bytes}"
        least = -most - 1
    elif 0 < column.length < 19:
        # A sign may take one of the digits or come before them.
        most, declared = 10**column.length - 1, f"Int,{column.length}"
        least = -most
    else:
        return
    there = [value for value in values if value is not None]
    if there and not least <= min(there) <= max(there) <= most:
        places = [k for k, value in enumerate(values) if value is not None and not least <= value <= most]
        _note("vct_note_too_long", places, column, batch, remarks, declared)


def _reals(values: list[Any], column: Column, batch: Batch, remarks: Remarks) -> None:
    numbers = np.abs(np.array([0.0 if value is None else value for value in values]))
    if (inexact := np.flatnonzero(numbers >= _EXACT)).size:
        _note("vct_note_digits", inexact.tolist(), column, batch, remarks, f"Float,{column.length}")
    if not 0 < column.length <= 300:
        return
    decimals = column.decimals
    wide = numbers >= 10.0 ** max(column.length - (decimals + 1 if decimals else 0), 1)
    declared = f"Float,{column.length},{decimals}"
    if wide.any():
        _note("vct_note_too_long", np.flatnonzero(wide).tolist(), column, batch, remarks, declared)
    fine = ~wide & (np.abs(numbers - np.round(numbers, min(decimals, 15))) > _LAST_BITS * np.maximum(1.0, numbers))
    if fine.any():
        _note("vct_note_finer", np.flatnonzero(fine).tolist(), column, batch, remarks, declared)


def _dates(values: list[Any], place: int, column: Column, batch: Batch, remarks: Remarks) -> None:
    years = load_settings().years
    there = [value.year for value in values if value is not None]
    if there and not (min(there) in years and max(there) in years):
        places = [k for k, value in enumerate(values) if value is not None and value.year not in years]
        _note("vct_note_date", places, column, batch, remarks, f"{years.start}–{years.stop - 1}")
    places = [k for k, value in enumerate(values) if isinstance(value, datetime)]
    if places:
        for k in places:
            batch.rows[k][place] = values[k].date()
        _note("vct_note_time", places, column, batch, remarks, "Date")
