# SPDX-License-Identifier: GPL-2.0-or-later
"""Threads for operations of GEOS on many geometries, and values that several threads ask for and one computes.

GEOS and NumPy release Python's interpreter lock while they compute, so slices of an array are computed at the same time
on several cores. Results and their order are those of a single thread. Threads end with the call that began them.

Only functions without a shared state may run in them: operations of shapely on geometries and trees, and of NumPy. Not
allowed are pyproj (its contexts belong to threads), QGIS, and a geometry that is being prepared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import pairwise
from threading import RLock
from typing import Any, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray

from ..errors import NEVER_CANCELLED, Cancellation
from .process_state import get_thread_count, pause_garbage_collection

#: Vertices from which the computation takes longer than starting the threads.
MIN_VERTICES = 20_000
#: Maximum number of rows computed between two checks for cancellation.
MAX_PART_ROWS = 4096
#: Parts per thread: a thread that is done early takes another one.
_PARTS_PER_THREAD = 16

T = TypeVar("T")
R = TypeVar("R")
#: In place of a value that is not computed; another thread may remove a value at any time.
_MISSING = object()


def map_in_threads(
    function: Callable[[T], R],
    items: Sequence[T],
    cancellation: Cancellation = NEVER_CANCELLED,
    *,
    vertex_count: int | None = None,
) -> list[R]:
    """Return the results of a function for all items, in the order of the items.

    ``vertex_count``: the number of vertices that the function reads for all items; if it is small, everything is
    computed in the caller's thread.

    Raises
    ------
    Cancelled
        If the user has cancelled.
    """
    error_state = np.geterr()

    def compute(item: T) -> R:
        """Return the result for one item, with the caller's setting for floating point errors."""
        cancellation.raise_if_cancelled()
        # NumPy's handling of floating point errors is a setting of each thread.
        with np.errstate(**error_state):
            return function(item)

    count = min(get_thread_count(), len(items))
    if count < 2 or (vertex_count is not None and vertex_count < MIN_VERTICES):
        return [compute(item) for item in items]
    with pause_garbage_collection(), ThreadPoolExecutor(count, "sanxian-geometry") as pool:
        try:
            return list(pool.map(compute, items))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def map_batches_in_threads(
    function: Callable[[slice], R], count: int, batch_size: int, cancellation: Cancellation = NEVER_CANCELLED
) -> list[R]:
    """Return the results of a function that is called with successive slices of an array.

    ``count``: length of the array; ``batch_size``: length of a slice. Raise Cancelled.
    """
    batches = [slice(start, min(start + batch_size, count)) for start in range(0, count, batch_size)]
    return map_in_threads(function, batches, cancellation)


def apply_in_threads(
    function: Callable[..., NDArray], *arrays: NDArray, cancellation: Cancellation = NEVER_CANCELLED
) -> NDArray:
    """Return the (n, …) results of a function that computes each row of its arrays independently.

    ``arrays``: (n,) geometries each. Few vertices are computed in the caller's thread, in one call.

    Raises
    ------
    Cancelled
        If the user has cancelled.
    """
    count = len(arrays[0])
    vertices = np.sum([shapely.get_num_coordinates(array) for array in arrays], axis=0)
    total = int(vertices.sum())
    if count < 2 or total < MIN_VERTICES:
        cancellation.raise_if_cancelled()
        return function(*arrays)
    part_count = min(max(get_thread_count() * _PARTS_PER_THREAD, count // MAX_PART_ROWS), count)
    # Parts of about as many vertices each. A part of one large polygon starts first, so that none waits for it alone.
    ends = np.searchsorted(np.cumsum(vertices), np.linspace(0, total, part_count + 1)[1:-1])
    parts = [slice(start, end) for start, end in pairwise(np.unique(np.r_[0, ends, count]).tolist())]
    order = np.argsort([-int(vertices[part].sum()) for part in parts], kind="stable").tolist()
    block_results = map_in_threads(
        lambda part: function(*(a[part] for a in arrays)), [parts[n] for n in order], cancellation
    )
    results = dict(zip(order, block_results, strict=True))
    return np.concatenate([results[n] for n in range(len(parts))])


_Value = TypeVar("_Value")


def get_lock(owner: Any, name: str) -> RLock:
    """Return the lock of a value of an object, under which it is computed; a thread may take it repeatedly."""
    # setdefault is one step for all threads.
    return owner.__dict__.setdefault(f"_lock_of_{name}", RLock())


class shared_property(cached_property[_Value]):  # named like `cached_property`, which it replaces
    """A `cached_property` that only one thread computes; others wait for its value.

    A computation may ask for other values that do not ask for this one. Threads that it waits for must not ask for this
    one, because it has the lock.
    """

    def __init__(self, compute: Callable[[Any], _Value]):
        super().__init__(compute)
        self._compute = compute

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        with get_lock(instance, str(self.attrname)):
            value = instance.__dict__.get(self.attrname, _MISSING)
            if value is _MISSING:
                value = instance.__dict__[self.attrname] = self._compute(instance)
        return value
