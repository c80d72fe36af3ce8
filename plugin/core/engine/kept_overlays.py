# SPDX-License-Identifier: GPL-2.0-or-later
"""Pieces of overlays and values of rows that are kept from one check to the next; those of changed rows are renewed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..geometry.overlay_pieces import OverlayPieces
from ..geometry.polygons import Polygons
from ..plan.layer import Layer
from .changed_rows import RowMatch, find_rows_to_update, update_pieces
from .input_digest import compute_value_digest, get_shape_digest
from .kept_results import Arrays, KeptResults, decode_pieces, encode_layer_digests, encode_pieces

#: Overlays selected rows of two layers: polygons and rows ((n,), (m,) bool, None for all) of both; without a second
#: layer None, and the rows ((n,) bool) of which each pair has one.
Overlay = Callable[[Polygons, NDArray | None, Polygons | None, NDArray | None, NDArray | None], OverlayPieces]


class QueriedRows(NamedTuple):
    """Rows of a layer that are overlaid.

    ``polygons``: of the layer, or made from it; ``rows`` (n,) bool: the rows to use, None for all.
    """

    layer: Layer
    polygons: Polygons
    rows: NDArray | None

    def get_mask_of_rows(self, numbers: NDArray) -> NDArray | None:
        """Return ``rows`` for the rows with these numbers."""
        return None if self.rows is None else self.rows[numbers]


@dataclass(frozen=True)
class OverlayQuery:
    """An overlay of rows of two layers, or of one layer if ``right`` is None.

    ``settings``: all else that determines the pieces, as plain data and arrays. ``recomputes_right``: a piece depends
    only on rows whose boxes meet the box of its right row; otherwise, of its left row.
    """

    name: str
    left: QueriedRows
    right: QueriedRows | None
    settings: Any
    overlay: Overlay
    recomputes_right: bool = False

    @property
    def sides(self) -> tuple[QueriedRows, ...]:
        """Return the one or two layers."""
        return (self.left,) if self.right is None else (self.left, self.right)

    @property
    def recomputed_side(self) -> QueriedRows:
        """Return the layer for whose rows ``recomputes_right`` holds."""
        return self.right if self.right is not None and self.recomputes_right else self.left

    def compute(self) -> OverlayPieces:
        """Return the pieces of all rows. Raise Cancelled."""
        right_polygons, right_rows = (None, None) if self.right is None else (self.right.polygons, self.right.rows)
        return self.overlay(self.left.polygons, self.left.rows, right_polygons, right_rows, None)


def find_or_overlay(kept: KeptResults, query: OverlayQuery, run_settings: Any) -> OverlayPieces:
    """Return the pieces of an overlay: as kept, or with those of changed rows computed again, or all computed.

    ``run_settings``: settings of the run on which the pieces depend. Raise Cancelled.
    """
    query_digest = compute_value_digest(
        (query.name, [side.layer.role for side in query.sides], query.settings, run_settings)
    )
    digest = compute_value_digest((query_digest, [(get_shape_digest(side.layer), side.rows) for side in query.sides]))
    arrays = kept.find_arrays(digest)
    if arrays is not None:
        return decode_pieces(arrays)
    former = _find_most_similar(kept, query, kept.find_last_results(query_digest))
    pieces = None if former is None else _update(query, former)
    if pieces is None:
        pieces = query.compute()
    encoded_pieces = encode_pieces(pieces)
    if encoded_pieces is not None:
        # What an update needs of the query: digests of the layers' geometries, and selected rows.
        layer_digests = encode_layer_digests([side.layer for side in query.sides])
        rows = {f"rows_{n}": side.rows.copy() for n, side in enumerate(query.sides) if side.rows is not None}
        kept.keep_last_result(query_digest, digest, {**encoded_pieces, **layer_digests, **rows})
    return pieces


class _FormerOverlay(NamedTuple):
    """An overlay of an earlier check: its result, and how the rows of each layer match those that it had."""

    arrays: Arrays
    matches: list[RowMatch]


def _find_most_similar(kept: KeptResults, query: OverlayQuery, results: list[Arrays]) -> _FormerOverlay | None:
    """Return that one of earlier results of a query from which the fewest rows have changed; None without any."""
    overlays = []
    for arrays in results:
        matches = kept.match_layers([side.layer for side in query.sides], arrays)
        if matches is None:
            continue
        for number, side in enumerate(query.sides):
            bounds = None if side is query.recomputed_side else side.layer.row_bounds
            matches[number] = matches[number].add_changed_selection(arrays.get(f"rows_{number}"), side.rows, bounds)
        overlays.append(_FormerOverlay(arrays, matches))
    return min(overlays, key=lambda one: sum(match.count_changed_rows() for match in one.matches), default=None)


def _update(query: OverlayQuery, former: _FormerOverlay) -> OverlayPieces | None:
    """Return the pieces of an earlier overlay, with those of changed rows computed again; None if these are many."""
    if not all(len(side.polygons) for side in query.sides):
        return None
    pieces = decode_pieces(former.arrays)
    if query.right is None:
        return _update_within(query, pieces, former.matches[0])
    return _update_between(query, query.right, pieces, former.matches)


def _update_within(query: OverlayQuery, former: OverlayPieces, match: RowMatch) -> OverlayPieces | None:
    """Return the updated pieces of an overlay within a layer; None if many rows have changed.

    The piece of two rows depends on no other row.
    """
    side = query.left
    is_changed = match.former_row_of_row < 0
    needs_update = find_rows_to_update(side.polygons, match, side.layer.row_bounds[is_changed])
    if needs_update is None:
        return None
    near = np.flatnonzero(needs_update)
    polygons = side.polygons.select_rows(near)
    pieces = query.overlay(polygons, side.get_mask_of_rows(near), None, None, is_changed[near])
    return _merge_unless_fallback_was_used(former, pieces, (near, near), (match, match), (is_changed, is_changed))


def _update_between(
    query: OverlayQuery, right: QueriedRows, former: OverlayPieces, matches: list[RowMatch]
) -> OverlayPieces | None:
    """Return the updated pieces of an overlay of two layers; None if many rows meet changed ones."""
    sides, recomputed = (query.left, right), int(query.recomputes_right)
    changed_bounds = np.concatenate([match.changed_bounds for match in matches])
    needs_update = find_rows_to_update(sides[recomputed].polygons, matches[recomputed], changed_bounds)
    if needs_update is None:
        return None
    bounds = sides[recomputed].layer.row_bounds[needs_update]
    near = [side.polygons.find_rows_meeting_bounds(bounds) for side in sides]
    rows = [side.get_mask_of_rows(numbers) for side, numbers in zip(sides, near, strict=True)]
    recomputed_rows = needs_update[near[recomputed]]
    rows[recomputed] = recomputed_rows if rows[recomputed] is None else recomputed_rows & rows[recomputed]
    polygons = [side.polygons.select_rows(numbers) for side, numbers in zip(sides, near, strict=True)]
    pieces = query.overlay(polygons[0], rows[0], polygons[1], rows[1], None)
    is_recomputed = [np.zeros(len(side.polygons), dtype=bool) for side in sides]
    is_recomputed[recomputed] = needs_update
    return _merge_unless_fallback_was_used(
        former, pieces, (near[0], near[1]), (matches[0], matches[1]), (is_recomputed[0], is_recomputed[1])
    )


def _merge_unless_fallback_was_used(
    former: OverlayPieces,
    recomputed: OverlayPieces,
    numbers: tuple[NDArray, NDArray],
    matches: tuple[RowMatch, RowMatch],
    is_recomputed: tuple[NDArray, NDArray],
) -> OverlayPieces | None:
    """Return former and recomputed pieces; None if an overlay of these needed a fallback, which a log must name.

    ``numbers``: for both layers, the number of each row that was overlaid again.
    """
    if recomputed.fallback_log.steps or recomputed.fallback_log.failed_pairs:
        return None
    return update_pieces(former, recomputed.renumber_rows(*numbers), *matches, is_recomputed)


def find_or_compute_values(
    kept: KeptResults,
    name: str,
    layers: tuple[Layer, Layer],
    compute: Callable[[NDArray | None], NDArray],
    refers_to_other: bool,
    run_settings: Any,
) -> NDArray:
    """Return (n,) values of a layer's rows: as kept, or with those of changed rows computed again, or all computed.

    ``name``: of the values. ``layers``: the layer, and another one; a value depends only on geometries of both whose
    boxes meet the box of its row. ``compute``: returns (k,) values of the rows with these numbers ((k,) int), None for
    all. ``refers_to_other``: values are rows of the other layer, −1 for none. ``run_settings``: settings of the run on
    which the values depend. Raise Cancelled.
    """
    query_digest = compute_value_digest((name, [layer.role for layer in layers], run_settings))
    digest = compute_value_digest((query_digest, [get_shape_digest(layer) for layer in layers]))
    arrays = kept.find_arrays(digest)
    if arrays is not None:
        return arrays["values"].copy()
    former_results = kept.find_last_results(query_digest)
    matches = kept.match_layers(layers, former_results[0]) if former_results else None
    values = None
    if matches is not None and len(layers[0]):
        values = _update_values(former_results[0]["values"], layers[0], matches, compute, refers_to_other)
    if values is None:
        values = compute(None)
    kept.keep_last_result(query_digest, digest, {"values": values.copy(), **encode_layer_digests(layers)})
    return values


def _update_values(
    former_values: NDArray,
    layer: Layer,
    matches: list[RowMatch],
    compute: Callable[[NDArray | None], NDArray],
    refers_to_other: bool,
) -> NDArray | None:
    """Return the values of an earlier check, with those of changed rows computed again; None if these are many."""
    match, other_match = matches
    changed_bounds = np.concatenate([match.changed_bounds, other_match.changed_bounds])
    needs_update = find_rows_to_update(layer.polygons, match, changed_bounds)
    if needs_update is None:
        return None
    is_kept = ~needs_update
    values = np.zeros(len(layer), dtype=former_values.dtype)
    values[is_kept] = former_values[match.former_row_of_row[is_kept]]
    if refers_to_other:
        is_reference = is_kept & (values >= 0)
        values[is_reference] = other_match.row_of_former_row[values[is_reference]]
    values[needs_update] = compute(np.flatnonzero(needs_update))
    return values
