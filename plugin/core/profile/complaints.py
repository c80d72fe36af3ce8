# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors of a file: a run stops at the first, a check of the file wants them all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import DataError


class Complaints:
    """``found`` collects the errors where ``keep`` is set; else the first one is raised."""

    def __init__(self, keep: bool = False):
        self.keep = keep
        self.found: list[DataError] = []

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of the file that is read for itself: an error in it does not hide those of the next."""
        try:
            yield
        except DataError as error:
            if not self.keep:
                raise
            self.found.append(error)
