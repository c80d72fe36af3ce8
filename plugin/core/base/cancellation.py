# SPDX-License-Identifier: GPL-2.0-or-later
"""What long operations get from their caller: a cancellation request, and a function to which they report progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from .errors import Cancelled

Item = TypeVar("Item")
#: Called with the share of the work that is done (0 to 1), and with a text, or an empty one, on what is done now.
ProgressCallback = Callable[[float, str], None]


class Cancellation:
    """A cancellation request of the user; long loops go over `watch`, so that they end when it comes.

    ``cancelled`` returns True after the user has cancelled: ``isCanceled`` of a QGIS feedback or task. It is called
    between steps, also from other threads, so it must be fast; in a background job of the desktop it may wait up to
    a tenth of a second for the main thread.
    """

    def __init__(self, cancelled: Callable[[], bool]):
        self._cancelled = cancelled

    @property
    def is_cancelled(self) -> bool:
        """Return True if the user has cancelled."""
        return self._cancelled()

    def raise_if_cancelled(self) -> None:
        """Raise Cancelled if the user has cancelled."""
        if self._cancelled():
            raise Cancelled

    def watch(self, items: Iterable[Item], every: int = 1) -> Iterator[Item]:
        """Yield items; before one in ``every`` items, raise Cancelled if the user has cancelled."""
        for number, item in enumerate(items):
            if number % every == 0:
                self.raise_if_cancelled()
            yield item


#: Default of functions that take a cancellation: the work runs to its end.
NEVER_CANCELLED = Cancellation(lambda: False)
