# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of geometry queries, kept from one check to the next as arrays.

A rule that reads several layers runs again if one of them has changed. Its queries of the other layers then have the
results of the check before. A result is known by the digest of all that determines it (`compute_value_digest`). The
last result of a query is also known by the digest of all but the layers' rows, so that it can be updated where only a
few rows have changed: the pieces and values of changed rows are renewed. What an overlay finds on a row depends only on
rows whose boxes meet the box of this row, so the pieces of all rows that meet no changed one are those of before.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..geometry.overlay_fallback import FallbackLog
from ..geometry.overlay_pieces import OverlayPieces, Slivers
from ..geometry.polygons import Polygons
from ..geometry.validity import make_shape_array
from ..plan.layer import Layer
from ..plan.row_pairs import pair_equal_rows
from .input_digest import HashedRows, compute_value_digest, get_shape_digest, hash_rows

#: Named arrays of numbers or geometries.
Arrays = dict[str, NDArray]
#: Size of all results in memory; those that were not used for longest are dropped.
MAX_BYTES = 64 * 1024**2
#: A larger result is computed again.
MAX_RESULT_BYTES = 16 * 1024**2
#: Rules query the same layers with different rows: a place for each.
_MAX_LAST_RESULTS = 8
#: Two coordinates; an object of shapely and one of GEOS.
_BYTES_PER_VERTEX, _BYTES_PER_SHAPE = 16, 200


@dataclass
class KeptResults:
    """Results in memory, the last used one at the end. Methods may be called in any thread."""

    _arrays_by_digest: OrderedDict[bytes, Arrays] = field(default_factory=OrderedDict)
    #: Digest of a layer's geometries → what is kept of them.
    _hashed_rows_by_digest: dict[bytes, HashedRows] = field(default_factory=dict)
    #: Digests of a layer's geometries in an earlier check and now → how the rows match.
    _match_by_digests: dict[tuple[bytes, bytes], RowMatch | None] = field(default_factory=dict)
    #: Digests of the last results of each query, the latest at the end.
    _last_digests_by_query: dict[bytes, list[bytes]] = field(default_factory=dict)
    _total_bytes: int = 0
    _lock: Lock = field(default_factory=Lock)

    def find_arrays(self, digest: bytes) -> Arrays | None:
        """Return a result, which callers must not change; None if it is not kept."""
        with self._lock:
            arrays = self._arrays_by_digest.get(digest)
            if arrays is not None:
                self._arrays_by_digest.move_to_end(digest)
        return arrays

    def keep_arrays(self, digest: bytes, arrays: Arrays) -> bool:
        """Keep a result that nothing changes any more; drop old results above the limit.

        Return False if the result is too large to be kept.
        """
        if count_bytes(arrays) > MAX_RESULT_BYTES:
            return False
        with self._lock:
            self._total_bytes += count_bytes(arrays) - count_bytes(self._arrays_by_digest.pop(digest, {}))
            self._arrays_by_digest[digest] = arrays
            while self._total_bytes > MAX_BYTES:
                self._total_bytes -= count_bytes(self._arrays_by_digest.popitem(last=False)[1])
        return True

    def find_last_results(self, query_digest: bytes) -> list[Arrays]:
        """Return the last results of a query, which callers must not change, the latest first."""
        digests = self._last_digests_by_query.get(query_digest, [])[::-1]
        return [arrays for digest in digests if (arrays := self.find_arrays(digest)) is not None]

    def keep_last_result(self, query_digest: bytes, digest: bytes, arrays: Arrays) -> None:
        """Keep a result, as `keep_arrays` does, and list it as the last one of its query.

        Calls of a query differ in the rows that the layers have, and in those that are selected.
        """
        if not self.keep_arrays(digest, arrays):
            return
        with self._lock:
            others = [one for one in self._last_digests_by_query.get(query_digest, []) if one != digest]
            self._last_digests_by_query[query_digest] = [*others, digest][-_MAX_LAST_RESULTS:]

    def keep_hashed_rows(self, layers: Iterable[Layer]) -> None:
        """Keep what a later check needs of the layers' geometries, instead of those of the previous check."""
        rows_by_digest: dict[bytes, HashedRows] = {}
        for layer in layers:
            digest = get_shape_digest(layer)
            rows_by_digest[digest] = self._hashed_rows_by_digest.get(digest) or hash_rows(layer)
        with self._lock:
            self._hashed_rows_by_digest, self._match_by_digests = rows_by_digest, {}

    def match_layers(self, layers: Sequence[Layer], result: Arrays) -> list[RowMatch] | None:
        """Match the rows of layers with those that they had in an earlier result (`encode_layer_digests`).

        None if `match_layer` returns None for one of them.
        """
        matches = [self.match_layer(layer, result[f"layer_{n}"].tobytes()) for n, layer in enumerate(layers)]
        known_matches = [match for match in matches if match is not None]
        return known_matches if len(known_matches) == len(layers) else None

    def match_layer(self, layer: Layer, former_digest: bytes) -> RowMatch | None:
        """Match the rows of a layer with those that it had when its geometries had ``former_digest``.

        None if what they were is not kept, or if all rows may have changed.
        """
        digest = get_shape_digest(layer)
        if digest == former_digest:
            return RowMatch(np.arange(len(layer)), np.arange(len(layer)), np.zeros((0, 4)))
        if (former_digest, digest) not in self._match_by_digests:
            former_hashed_rows = self._hashed_rows_by_digest.get(former_digest)
            match = None if former_hashed_rows is None else match_rows(former_hashed_rows, hash_rows(layer))
            with self._lock:
                self._match_by_digests[former_digest, digest] = match
        return self._match_by_digests[former_digest, digest]


def encode_layer_digests(layers: Sequence[Layer]) -> Arrays:
    """Return the digests of the layers' geometries as arrays, from which `KeptResults.match_layers` matches rows."""
    return {f"layer_{n}": np.frombuffer(get_shape_digest(layer), dtype=np.uint8) for n, layer in enumerate(layers)}


def count_bytes(arrays: Arrays) -> int:
    """Return the size of arrays in bytes."""
    shapes = [array for array in arrays.values() if array.dtype == object]
    shape_bytes = sum(_BYTES_PER_VERTEX * int(shapely.get_num_coordinates(one).sum()) for one in shapes)
    return sum(array.nbytes for array in arrays.values()) + shape_bytes + _BYTES_PER_SHAPE * sum(map(len, shapes))


def decode_pieces(arrays: Arrays) -> OverlayPieces:
    """Return the pieces of an overlay that `find_or_overlay` kept as arrays."""
    slivers = Slivers(list(arrays["sliver"]), arrays["sliver_left"].copy(), arrays["sliver_right"].copy())
    return OverlayPieces(
        **{name: arrays[name].copy() for name in ("left", "right", "area", "width", "geometry")},
        slivers=slivers,
        fallback_log=FallbackLog(),
    )


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
    # The one of earlier results from which the fewest rows have changed is updated.
    overlays = []
    for last in kept.find_last_results(query_digest):
        matches = kept.match_layers([side.layer for side in query.sides], last)
        if matches is None:
            continue
        for number, side in enumerate(query.sides):
            bounds = None if number == int(query.recomputes_right) else side.layer.row_bounds
            matches[number] = matches[number].add_changed_selection(last.get(f"rows_{number}"), side.rows, bounds)
        overlays.append((last, matches))
    former = min(overlays, key=lambda one: sum((match.former_row_of_row < 0).sum() for match in one[1]), default=None)
    pieces = None if former is None else _update(query, *former)
    if pieces is None:
        pieces = query.compute()
    if not (pieces.fallback_log.steps or pieces.fallback_log.failed_pairs):
        encoded_pieces = {
            **{name: getattr(pieces, name).copy() for name in ("left", "right", "area", "width", "geometry")},
            "sliver": make_shape_array(*pieces.slivers.polygons),
            "sliver_left": pieces.slivers.left_row.copy(),
            "sliver_right": pieces.slivers.right_row.copy(),
        }
        # What an update needs of the query: digests of the layers' geometries, and selected rows.
        layer_digests = encode_layer_digests([side.layer for side in query.sides])
        rows = {f"rows_{n}": side.rows.copy() for n, side in enumerate(query.sides) if side.rows is not None}
        kept.keep_last_result(query_digest, digest, {**encoded_pieces, **layer_digests, **rows})
    return pieces


def _update(query: OverlayQuery, former_arrays: Arrays, matches: list[RowMatch]) -> OverlayPieces | None:
    """Return the pieces of an earlier overlay, with those of changed rows computed again; None if these are many.

    ``matches``: how the rows of each layer match those that it had.
    """
    if not all(len(side.polygons) for side in query.sides):
        return None
    former_pieces, side = decode_pieces(former_arrays), query.left
    if query.right is None:
        # The piece of two rows of a layer depends on no other row.
        match = matches[0]
        is_changed = match.former_row_of_row < 0
        needs_update = find_rows_to_update(side.polygons, match, side.layer.row_bounds[is_changed])
        if needs_update is None:
            return None
        rows_near = np.flatnonzero(needs_update)
        pieces = query.overlay(
            side.polygons.select_rows(rows_near), side.get_mask_of_rows(rows_near), None, None, is_changed[rows_near]
        )
        return _merge_unless_fallback_was_used(
            former_pieces, pieces, (rows_near, rows_near), (match, match), (is_changed, is_changed)
        )
    sides, recomputed = (side, query.right), int(query.recomputes_right)
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
        former_pieces, pieces, (near[0], near[1]), (matches[0], matches[1]), (is_recomputed[0], is_recomputed[1])
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


#: Above one row in this many to compute again, computing all rows is hardly slower.
_FEW_ROWS_RATIO = 2


class RowMatch(NamedTuple):
    """Which rows of a layer have the same geometry as in an earlier check.

    ``former_row_of_row`` (n,) int: number of the earlier row, −1 if the row changed; matched numbers ascend.
    ``row_of_former_row`` (m,) int: number of each earlier row now, −1 if it changed or was removed. ``changed_bounds``
    (k, 4): xmin, ymin, xmax, ymax (m) of changed rows, before and after.
    """

    former_row_of_row: NDArray
    row_of_former_row: NDArray
    changed_bounds: NDArray

    def add_changed_selection(
        self, former_selection: NDArray | None, selection: NDArray | None, bounds: NDArray | None
    ) -> RowMatch:
        """Return the match in which rows that a caller no longer selects, or selects now, count as changed.

        ``former_selection`` (m,), ``selection`` (n,) bool, None for all rows; ``bounds`` (n, 4): boxes of the rows to
        add to the changed ones; None if what is found on other rows does not depend on the selection.
        """
        if former_selection is None and selection is None:
            return self
        is_matched = self.former_row_of_row >= 0
        was_selected = np.ones(len(self.former_row_of_row), dtype=bool)
        if former_selection is not None:
            was_selected[is_matched] = former_selection[self.former_row_of_row[is_matched]]
        selection_differs = is_matched & (was_selected != (True if selection is None else selection))
        former_row_of_row, row_of_former_row = self.former_row_of_row.copy(), self.row_of_former_row.copy()
        row_of_former_row[former_row_of_row[selection_differs]] = -1
        former_row_of_row[selection_differs] = -1
        bounds_now = np.zeros((0, 4)) if bounds is None else bounds[selection_differs & np.isfinite(bounds).all(axis=1)]
        return RowMatch(former_row_of_row, row_of_former_row, np.concatenate([self.changed_bounds, bounds_now]))


def match_rows(former: HashedRows, present: HashedRows) -> RowMatch | None:
    """Return how the rows of a layer match those of an earlier check.

    None if the conversion into the plane differs, or if unchanged rows have another order, which decides the left row
    of a pair.
    """
    if former.conversion_digest != present.conversion_digest:
        return None
    former_rows, rows = pair_equal_rows([former.hashes], [present.hashes])
    if (np.diff(rows) <= 0).any():
        return None
    former_row_of_row, row_of_former_row = np.full(len(present.hashes), -1), np.full(len(former.hashes), -1)
    former_row_of_row[rows], row_of_former_row[former_rows] = former_rows, rows
    changed_bounds = np.concatenate([former.bounds[row_of_former_row < 0], present.bounds[former_row_of_row < 0]])
    return RowMatch(former_row_of_row, row_of_former_row, changed_bounds[np.isfinite(changed_bounds).all(axis=1)])


def find_rows_to_update(polygons: Polygons, match: RowMatch, bounds: NDArray) -> NDArray | None:
    """Return (n,) bool: rows to compute again, which changed or whose box meets one of ``bounds`` ((k, 4), m).

    None if they are more than half of the rows. ``match``: of the layer of ``polygons``.
    """
    needs_update = match.former_row_of_row < 0
    if len(bounds):
        needs_update[polygons.find_rows_meeting_bounds(bounds)] = True
    return None if np.count_nonzero(needs_update) * _FEW_ROWS_RATIO > len(polygons) else needs_update


def update_pieces(
    former: OverlayPieces,
    recomputed: OverlayPieces,
    left_match: RowMatch,
    right_match: RowMatch,
    is_recomputed: tuple[NDArray, NDArray],
) -> OverlayPieces:
    """Return the pieces of an earlier check, with those of some rows recomputed, sorted by left and right row.

    Both fallback logs must be empty, as that of the result is.

    ``left_match``, ``right_match``: of the layers of the left and right rows; ``is_recomputed``: (n,) and (m,) bool,
    the left and right rows with recomputed pieces.
    """

    def renumber(left: NDArray, right: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """Return (k,) left and right rows of former pieces now, and (k,) bool: neither is changed or recomputed."""
        has_right = right >= 0
        left, right = left_match.row_of_former_row[left], right.copy()
        right[has_right] = right_match.row_of_former_row[right[has_right]]
        is_kept = (left >= 0) & ~is_recomputed[0][left]
        is_kept[has_right] &= (right[has_right] >= 0) & ~is_recomputed[1][right[has_right]]
        return left, right, is_kept

    left, right, is_kept = renumber(former.left, former.right)
    left = np.concatenate([left[is_kept], recomputed.left])
    right = np.concatenate([right[is_kept], recomputed.right])
    geometry, area, width = (
        np.concatenate([getattr(former, name)[is_kept], getattr(recomputed, name)])
        for name in ("geometry", "area", "width")
    )
    order = np.lexsort((right, left))
    sliver_left, sliver_right, is_kept = renumber(former.slivers.left_row, former.slivers.right_row)
    sliver_polygons = [*former.slivers.select_slivers(is_kept).polygons, *recomputed.slivers.polygons]
    sliver_left = np.concatenate([sliver_left[is_kept], recomputed.slivers.left_row])
    sliver_right = np.concatenate([sliver_right[is_kept], recomputed.slivers.right_row])
    sliver_order = np.lexsort((sliver_right, sliver_left))
    slivers = Slivers(
        [sliver_polygons[n] for n in sliver_order.tolist()], sliver_left[sliver_order], sliver_right[sliver_order]
    )
    return OverlayPieces(left[order], right[order], geometry[order], area[order], width[order], slivers, FallbackLog())
