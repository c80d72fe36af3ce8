# SPDX-License-Identifier: GPL-2.0-or-later
"""Values of an object that are computed once, also if several threads ask for them at the same time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from threading import RLock
from typing import Any, TypeVar

_Value = TypeVar("_Value")
#: In place of a value that is not computed; another thread may remove a value at any time.
_MISSING = object()


def get_lock(owner: Any, name: str) -> RLock:
    """Return the lock of a value of an object, under which it is computed; a thread may take it repeatedly."""
    # setdefault is one step for all threads.
    return owner.__dict__.setdefault(f"_lock_of_{name}", RLock())


class shared_property(cached_property[_Value]):  # named like `cached_property`, which it replaces
    """A `cached_property` that only one thread computes; others wait for its value.

    A computation may ask for other values that do not ask for this one. Threads that it waits for must not ask for this
    one, because it has the lock.
    """

    def __init__(self, compute: Callable[[Any], _Value]):
        super().__init__(compute)
        self._compute = compute

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        with get_lock(instance, str(self.attrname)):
            value = instance.__dict__.get(self.attrname, _MISSING)
            if value is _MISSING:
                value = instance.__dict__[self.attrname] = self._compute(instance)
        return value
