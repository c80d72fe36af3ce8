# SPDX-License-Identifier: GPL-2.0-or-later
"""Slivers that a rule left out: between which layers and on which rows they lie."""

from __future__ import annotations

from dataclasses import dataclass

from ..geometry.parts import Slivers
from ..model.rule import Severity
from ..plan.layer import Layer


@dataclass(frozen=True)
class Ignored:
    """Slivers of one question to the geometry. ``slivers.left`` are rows of ``a``, ``slivers.right`` rows of ``b``.

    ``sealed``: ``b`` is the sealed edition of ``a``. ``severity``: of a larger part of this kind, None for the rule's own;
    the slivers together are never graver than that.
    """

    a: Layer
    b: Layer
    slivers: Slivers
    sealed: bool = False
    severity: Severity | None = None
