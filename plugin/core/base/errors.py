# SPDX-License-Identifier: GPL-2.0-or-later
"""What ends work early: errors that the planner can correct, the user's cancellation, and defects of the plugin.

An error carries a text key and its parameters, not a sentence: `messages.texts.Texts.explain` makes the sentence in
the user's language where it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, TypeVar

from .connection_text import mask_connections

Item = TypeVar("Item")
#: Called with the share of the work that is done (0 to 1), and with a text, or an empty one, on what is done now.
ProgressCallback = Callable[[float, str], None]


class KeyedError(Exception):
    """An error for a caller, who makes the message from the key of a text and its parameters."""

    def __init__(self, key: str, /, **params: Any):
        super().__init__(key)
        self.key, self.params = key, params


class SanxianError(Exception):
    """A problem to report to the user.

    ``key`` names a text under ``[errors]``; ``params`` fill its placeholders. Connections in them lose user and
    password.
    """

    def __init__(self, key: str, /, **params: Any):
        params = {name: _mask(value) for name, value in params.items()}
        super().__init__(f"{key}: {params}" if params else key)
        self.key = key
        self.params = params


def _mask(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(map(_mask, value))
    return mask_connections(str(value)) if isinstance(value, str | PurePath) else value


class InputError(SanxianError):
    """The data cannot be read or interpreted."""


class OutputError(SanxianError):
    """A result cannot be written; an existing output file is unchanged."""


class DataError(SanxianError):
    """A template, standard, profile or code list is wrong.

    The parameters name file and key.
    """


class Cancelled(Exception):
    """Raised by `Cancellation.raise_if_cancelled` after the user has cancelled."""


@dataclass(eq=False)
class Cancellation:
    """A cancellation request of the user; long loops go over `watch`, so that they end when it comes.

    ``cancelled`` returns True after the user has cancelled: ``isCanceled`` of a QGIS feedback or task. It is called
    between steps, also from other threads, so it must be fast; in a background job of the desktop it may wait up to
    a tenth of a second for the main thread.
    """

    cancelled: Callable[[], bool]

    def raise_if_cancelled(self) -> None:
        """Raise Cancelled if the user has cancelled."""
        if self.cancelled():
            raise Cancelled

    def watch(self, items: Iterable[Item], every: int = 1) -> Iterator[Item]:
        """Yield items; before one in ``every`` items, raise Cancelled if the user has cancelled."""
        for number, item in enumerate(items):
            if number % every == 0:
                self.raise_if_cancelled()
            yield item


#: Default of functions that take a cancellation: the work runs to its end.
NEVER_CANCELLED = Cancellation(lambda: False)


class InvariantError(RuntimeError):
    """A condition that the program guarantees is not met: a defect of the plugin, not of the user's data."""


def require_value(value: Item | None, description: str) -> Item:
    """Return ``value``, which an earlier step must have set; raise InvariantError for None.

    For the type checker the result is never None. Unlike ``assert``, the function also works with ``python -O``.
    ``description`` names the value in the error.
    """
    if value is None:
        raise InvariantError(f"{description} is missing")
    return value
