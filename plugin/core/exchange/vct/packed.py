# SPDX-License-Identifier: GPL-2.0-or-later
"""Degrees that may be written as DD.MMSS: two digits of minutes after the point, two of seconds, then their decimals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .settings import load_settings
from .store import Store

#: Share of a minute by which printing a decimal number may miss it.
_MISSED = 1e-7
#: Seconds that rounding in print turns into sixty.
_SIXTY = 60.0001


@dataclass(frozen=True)
class Packed:
    """Positions whose digits all are minutes and seconds below 60.

    ``low`` and ``high`` (2,) the bounds in decimal degrees if read as DD.MMSS; ``minutes``: how many different full minutes
    there are on both axes, ``seconds``: how many different full seconds; ``first`` (2,) the first position as it stands,
    with its ``line`` and ``ident``; ``count`` of positions.
    """

    low: NDArray
    high: NDArray
    minutes: int
    seconds: int
    first: NDArray
    line: int
    ident: int
    count: int

    @property
    def by_digits(self) -> bool:
        """Return True if decimal degrees would have had minutes or seconds above 60 somewhere."""
        settings = load_settings()
        return self.minutes >= settings.packed_minutes and self.seconds >= settings.packed_seconds


def packed_degrees(stores: Iterable[Store]) -> Packed | None:
    """The positions read as DD.MMSS; None where one of them cannot be that."""
    low, high = np.full(2, np.inf), np.full(2, -np.inf)
    minutes: set[int] = set()
    seconds: set[int] = set()
    first, place, count = np.zeros(2), (0, 0), 0
    for store in stores:
        for start, xy in store.blocks():
            degrees = np.floor(xy)
            hundredths = (xy - degrees) * 100
            minute = np.floor(hundredths + _MISSED)
            second = np.maximum((hundredths - minute) * 100, 0.0)
            if (minute >= 60).any() or (second > _SIXTY).any():
                return None
            if not count and len(xy):
                first, place = xy[0].copy(), store.record(start)
            count += len(xy)
            decimal = degrees + minute / 60 + second / 3600
            low, high = np.minimum(low, decimal.min(axis=0)), np.maximum(high, decimal.max(axis=0))
            # Both axes apart: the sign keeps their full minutes from meeting.
            cells = (degrees * 100 + minute + 1) * (1, -1)
            minutes.update(np.unique(cells).astype(int).tolist())
            seconds.update(np.unique(np.floor(second)).astype(int).tolist())
    return Packed(low, high, len(minutes), len(seconds), first, *place, count) if count else None
