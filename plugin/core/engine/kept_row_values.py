# SPDX-License-Identifier: GPL-2.0-or-later
"""Values of rows that are kept from one check to the next; only those of changed rows are computed again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..plan.layer import Layer
from .changed_rows import find_rows_to_update
from .input_digest import compute_value_digest, get_shape_digest
from .kept_results import Arrays, KeptResults, encode_layer_digests


@dataclass(frozen=True)
class RowValueQuery:
    """A value for each row of a layer that depends only on geometries whose boxes meet the box of the row.

    ``other_layer``: the geometries are those of both layers. ``compute``: returns (k,) values of the rows with these
    numbers ((k,) int), None for all. ``refers_to_other``: values are rows of ``other_layer``, −1 for none.
    """

    name: str
    layer: Layer
    other_layer: Layer
    compute: Callable[[NDArray | None], NDArray]
    refers_to_other: bool = False


def find_or_compute_values(kept: KeptResults, query: RowValueQuery, run_settings: Any) -> NDArray:
    """Return (n,) values: as kept, or with those of changed rows computed again, or all computed.

    ``run_settings``: settings of the run on which the values depend. Raise Cancelled.
    """
    layers = (query.layer, query.other_layer)
    query_digest = compute_value_digest((query.name, [layer.role for layer in layers], run_settings))
    digest = compute_value_digest((query_digest, [get_shape_digest(layer) for layer in layers]))
    arrays = kept.find_arrays(digest)
    if arrays is not None:
        return arrays["values"].copy()
    former_results = kept.find_last_results(query_digest)
    values = _update(kept, query, former_results[0]) if former_results else None
    if values is None:
        values = query.compute(None)
    kept.keep_last_result(query_digest, digest, {"values": values.copy(), **encode_layer_digests(layers)})
    return values


def _update(kept: KeptResults, query: RowValueQuery, former: Arrays) -> NDArray | None:
    """Return the values of an earlier check, with those of changed rows computed again; None if these are many."""
    matches = kept.match_layers((query.layer, query.other_layer), former)
    if matches is None or not len(query.layer):
        return None
    match, other_match = matches
    changed_bounds = np.concatenate([match.changed_bounds, other_match.changed_bounds])
    needs_update = find_rows_to_update(query.layer.polygons, match, changed_bounds)
    if needs_update is None:
        return None
    is_kept = ~needs_update
    values = np.zeros(len(query.layer), dtype=former["values"].dtype)
    values[is_kept] = former["values"][match.former_row_of_row[is_kept]]
    if query.refers_to_other:
        is_reference = is_kept & (values >= 0)
        values[is_reference] = other_match.row_of_former_row[values[is_reference]]
    values[needs_update] = query.compute(np.flatnonzero(needs_update))
    return values
