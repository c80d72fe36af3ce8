# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong in a way the planner can mend.

An error carries a text key and its parameters, never a sentence: sentences are made in the user's language
at the edge (`messages.texts.Texts.explain`).
"""

from typing import Any


class SanxianError(Exception):
    """A problem to be told to the user. ``key`` names a text under ``[errors]``; ``params`` fill it."""

    def __init__(self, key: str, /, **params: Any):
        super().__init__(f"{key}: {params}" if params else key)
        self.key = key
        self.params = params


class InputError(SanxianError):
    """The data cannot be read or understood."""


class OutputError(SanxianError):
    """A result cannot be written; whatever stood at the target still stands there."""


class DataError(SanxianError):
    """A template, standard, profile or code list of ours or of the county is wrong; names file and key."""


class Cancelled(Exception):
    """The user asked to stop."""
