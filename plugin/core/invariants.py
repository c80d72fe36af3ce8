# SPDX-License-Identifier: GPL-2.0-or-later
"""Check conditions that the program itself guarantees.

A failure is a defect of the plugin, not of the user's data.
"""

from typing import TypeVar

T = TypeVar("T")


class InvariantError(RuntimeError):
    """A condition that the program guarantees is not met."""


def require_value(value: T | None, what: str) -> T:
    """Return a value that cannot be None here, with a type that excludes None.

    Unlike ``assert`` it works with ``python -O``.

    Parameters
    ----------
    value
        Declared optional, and set by an earlier step.
    what
        Names the value in the error.

    Raises
    ------
    InvariantError
        ``value`` has no value.
    """
    if value is None:
        raise InvariantError(f"{what} is missing")
    return value
