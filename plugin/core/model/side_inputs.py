# SPDX-License-Identifier: GPL-2.0-or-later
"""Inputs of a check besides the layers of the plan (figures, targets …), by name."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")


class SideInputs:
    """Tables and editions that a plan is compared with, by name of their option.

    Names: ``figures``, ``targets``, ``register``, ``baseline``, ``renumbered``, ``record``, ``windows``, ``package``.
    The packages that define the values provide a typed function for each, so this module does not depend on them. A
    value None counts as missing.
    """

    def __init__(self, **values: Any):
        self.values = {name: value for name, value in values.items() if value is not None}

    def get_input(self, name: str, kind: type[T]) -> T | None:
        """Return the side input with this name; None if it is missing.

        Raise TypeError if it is not of the type ``kind``.
        """
        value = self.values.get(name)
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"side input {name!r} is {type(value).__name__}, not {kind.__name__}")
        return value

    def __contains__(self, name: str) -> bool:
        return name in self.values


#: For a plan that is checked by its layers alone.
NO_SIDE_INPUTS = SideInputs()
