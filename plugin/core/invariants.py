# SPDX-License-Identifier: GPL-2.0-or-later
"""Check conditions that the program itself guarantees.

A failure is a defect of the plugin, not of the user's data.
"""

from typing import TypeVar

T = TypeVar("T")


class InvariantError(RuntimeError):
    """A condition that the program guarantees is not met."""


def require_value(value: T | None, description: str) -> T:
    """Return an optional value that an earlier step has set, with a type without None.

    Unlike ``assert`` it also works with ``python -O``. ``description`` names the value in the error. Raise
    InvariantError if it is None.
    """
    if value is None:
        raise InvariantError(f"{description} is missing")
    return value
