# SPDX-License-Identifier: GPL-2.0-or-later
"""Check conditions that the program itself guarantees. A failure is a defect of the plugin, not of the user's data."""

from typing import TypeVar

T = TypeVar("T")


class InvariantError(RuntimeError):
    """Something that the program guarantees does not hold."""


def require_value(value: T | None, what: str) -> T:
    """Return a value that cannot be None here, with a type that excludes None. Unlike ``assert`` it works with ``python -O``.

    Parameters
    ----------
    value
        Declared optional, and set by an earlier step.
    what
        Names the value in the error.

    Raises
    ------
    InvariantError
        The value is None.
    """
    if value is None:
        raise InvariantError(f"{what} is missing")
    return value
