# SPDX-License-Identifier: GPL-2.0-or-later
"""What a plan is held against beside its layers, by the name of its option."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")


class SideInputs:
    """Values that rules ask for by name: ``figures``, ``targets``, ``register``, ``baseline``, ``renumbered``, ``record``,
    ``package``.

    The packages that define these values read them out of here, each by a function of its own, so that this one need not
    know them. A value of None counts as not given.
    """

    def __init__(self, **values: Any):
        self._values = {name: value for name, value in values.items() if value is not None}

    def get(self, name: str, kind: type[T]) -> T | None:
        """Return the value of this name, or None if it was not given. Raises TypeError if it is of another kind."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"side input {name!r} is {type(value).__name__}, not {kind.__name__}")
        return value

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def give(self, **values: Any) -> SideInputs:
        """Return these inputs with further ones."""
        return SideInputs(**{**self._values, **values})


#: For a plan that is checked by its layers alone.
NO_SIDE_INPUTS = SideInputs()
