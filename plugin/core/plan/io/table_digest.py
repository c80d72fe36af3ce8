# SPDX-License-Identifier: GPL-2.0-or-later
"""Digests of the data that were checked: equal digests mean equal values, geometries and CRS."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pandas as pd

from ...base.errors import NEVER_CANCELLED, Cancellation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layer import SourceLayer


def compute_table_digest(source: SourceLayer, cancellation: Cancellation = NEVER_CANCELLED) -> str:
    """Return the SHA-256 digest of a table's values, geometries and CRS.

    Row order and feature ids have no effect. Raise Cancelled.
    """
    import numpy as np
    import shapely

    from ...base.parallel.threads import apply_in_threads

    frame = source.frame
    shapes = frame.geometry.name
    wkb = np.asarray(
        apply_in_threads(shapely.to_wkb, frame.geometry.to_numpy(), cancellation=cancellation), dtype=object
    )
    # Shapes seldom repeat: finding equal ones first would read each twice.
    rows = pd.util.hash_array(wkb, categorize=False)
    # The hash that pandas gives to missing values when it finds equal values first.
    rows[pd.isna(wkb)] = 2**64 - 1
    column_names = sorted(str(column) for column in frame.columns if column != shapes)
    for name in column_names:
        cancellation.raise_if_cancelled()
        # The factor makes the digest depend on the column of a value; uint64 wraps around.
        rows = rows * np.uint64(1_000_003) + _hash_column(frame[name])
    digest = hashlib.sha256("\n".join([str(source.crs), *column_names]).encode("utf-8"))
    digest.update(np.sort(rows).tobytes())
    return digest.hexdigest()


def _hash_column(column: pd.Series) -> NDArray:
    """Return (n,) uint64 hashes of the values of a column; all missing values have the same hash."""
    values = column.to_numpy()
    if values.dtype.kind in "biufM":
        return pd.util.hash_array(values)
    objects = column.astype(object)
    try:
        return pd.util.hash_array(objects.to_numpy())
    except TypeError:
        # Values that pandas cannot hash together, such as dates.
        return pd.util.hash_array(objects.where(objects.isna(), objects.astype(str)).to_numpy())
