# SPDX-License-Identifier: GPL-2.0-or-later
"""A request to cancel, as one object passed down through all that takes long."""

from __future__ import annotations

from collections.abc import Callable

from .errors import Cancelled


class Cancellation:
    """Whether the user has asked to cancel.

    ``cancelled`` returns True once the user has asked: ``isCanceled`` of a QGIS feedback or task. It is called between
    steps, also from other threads, so it must be quick.
    """

    def __init__(self, cancelled: Callable[[], bool]):
        self._cancelled = cancelled

    @property
    def is_cancelled(self) -> bool:
        """Return True once the user has asked to cancel."""
        return self._cancelled()

    def raise_if_cancelled(self) -> None:
        """Raise Cancelled once the user has asked to cancel."""
        if self._cancelled():
            raise Cancelled


#: The default of every function that takes a cancellation: the work runs to its end.
NEVER = Cancellation(lambda: False)
