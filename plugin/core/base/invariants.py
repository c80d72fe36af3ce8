# SPDX-License-Identifier: GPL-2.0-or-later
"""Check conditions that the program itself guarantees.

A failure is a defect of the plugin, not of the user's data.
"""

from typing import TypeVar

T = TypeVar("T")


class InvariantError(RuntimeError):
    """A condition that the program guarantees is not met."""


def require_value(value: T | None, description: str) -> T:
    """Return ``value``, which an earlier step must have set; raise InvariantError for None.

    For the type checker the result is never None. Unlike ``assert``, the function also works with ``python -O``.
    ``description`` names the value in the error.
    """
    if value is None:
        raise InvariantError(f"{description} is missing")
    return value
