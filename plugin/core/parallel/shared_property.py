# SPDX-License-Identifier: GPL-2.0-or-later
"""Values of an object that are computed once, also if several threads ask for them at the same time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from threading import RLock
from typing import Any, TypeVar

_Value = TypeVar("_Value")
_LOCK_NAME = "_shared_values_lock"


def get_lock(owner: Any) -> RLock:
    """Return the lock of an object, under which its shared values are computed; a thread may take it repeatedly."""
    # setdefault is one step for all threads.
    return owner.__dict__.setdefault(_LOCK_NAME, RLock())


class shared_property(cached_property[_Value]):  # named like `cached_property`, which it replaces
    """A `cached_property` that only one thread computes; others wait for its value.

    A computation may ask for other values of the same object, but not in threads that it waits for, because it has the
    lock. It must not wait for another object that asks for this one.
    """

    def __init__(self, compute: Callable[[Any], _Value]):
        super().__init__(compute)
        self._compute = compute

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        with get_lock(instance):
            if self.attrname not in instance.__dict__:
                instance.__dict__[self.attrname] = self._compute(instance)
            value: Any = instance.__dict__[self.attrname]
        return value
