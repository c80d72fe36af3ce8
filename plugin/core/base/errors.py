# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors that the planner can correct.

An error carries a text key and its parameters, not a sentence: `messages.texts.Texts.explain` makes the sentence in
the user's language where it is shown.
"""

from pathlib import PurePath
from typing import Any

from .connection_text import mask_connections


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
