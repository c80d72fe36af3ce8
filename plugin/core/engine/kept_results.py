# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of geometry queries, kept from one check to the next as arrays.

A rule that reads several layers runs again if one of them has changed. Its queries of the other layers then have the
results of the check before. A result is known by the digest of all that determines it (`compute_value_digest`). The
last result of a query is also known by the digest of all but the layers' rows, so that it can be updated where only a
few rows have changed (`kept_overlays`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
import shapely
from numpy.typing import NDArray

from ..geometry.overlay_fallback import FallbackLog
from ..geometry.overlay_pieces import OverlayPieces, Slivers
from ..plan.layer import Layer
from .changed_rows import HashedRows, RowMatch, make_identity_match, match_rows
from .input_digest import get_shape_digest, hash_rows

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

    def find_hashed_rows(self, layer_digest: bytes) -> HashedRows | None:
        """Return what is kept of a layer's geometries with this digest (`get_shape_digest`); None without them."""
        return self._hashed_rows_by_digest.get(layer_digest)

    def keep_hashed_rows(self, layers: Iterable[Layer]) -> None:
        """Keep what a later check needs of the layers' geometries, instead of those of the previous check."""
        rows_by_digest: dict[bytes, HashedRows] = {}
        for layer in layers:
            digest = get_shape_digest(layer)
            rows_by_digest[digest] = self.find_hashed_rows(digest) or hash_rows(layer)
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
            return make_identity_match(len(layer))
        if (former_digest, digest) not in self._match_by_digests:
            former_hashed_rows = self.find_hashed_rows(former_digest)
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


def encode_pieces(pieces: OverlayPieces) -> Arrays | None:
    """Return the pieces of an overlay as arrays.

    None if it used fallback steps, which a log names.
    """
    if pieces.fallback_log.steps or pieces.fallback_log.failed_pairs:
        return None
    return {
        **{name: getattr(pieces, name).copy() for name in ("left", "right", "area", "width", "geometry")},
        "sliver": np.array([*pieces.slivers.polygons, None], dtype=object)[:-1],
        "sliver_left": pieces.slivers.left_row.copy(),
        "sliver_right": pieces.slivers.right_row.copy(),
    }


def decode_pieces(arrays: Arrays) -> OverlayPieces:
    """Return the pieces that `encode_pieces` encoded."""
    slivers = Slivers(list(arrays["sliver"]), arrays["sliver_left"].copy(), arrays["sliver_right"].copy())
    columns = {name: arrays[name].copy() for name in ("left", "right", "area", "width", "geometry")}
    return OverlayPieces(**columns, slivers=slivers, fallback_log=FallbackLog())
