# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of a plan that a re-check after an edit asks about."""

from __future__ import annotations

from dataclasses import dataclass, field

from numpy.typing import NDArray


@dataclass(frozen=True)
class Focus:
    """``rows``: by role the rows ((n,) bool) that are asked about; the others are there for them. ``roles``: the only layers
    that rules on every layer look at; None: all."""

    rows: dict[str, NDArray] = field(default_factory=dict)
    roles: frozenset[str] | None = None
