# SPDX-License-Identifier: GPL-2.0-or-later
"""Progress of long questions, told as a share of their own; whoever asks several puts each in its place."""

from __future__ import annotations

from collections.abc import Callable

#: Is told 0…1.
Progress = Callable[[float], None]


def silent(share: float) -> None:
    """Tells nobody."""


def within(progress: Progress, begun: float, done: float) -> Progress:
    """The same, for a part of the whole that lies between two shares of it."""
    return lambda share: progress(begun + (done - begun) * share)
