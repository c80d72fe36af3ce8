# SPDX-License-Identifier: GPL-2.0-or-later
"""Slivers and failed computations of a rule's geometry queries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..geometry.parts import Parts, Slivers
from ..model.rule import Severity
from ..plan.layer import Layer


@dataclass(frozen=True)
class Ignored:
    """Slivers of one geometry query.

    ``slivers.left`` are rows of ``a``, ``slivers.right`` rows of ``b``. ``sealed``: ``b`` is the sealed edition of
    ``a``. ``severity``: severity of a larger part of this kind, None for the rule's default; a finding on the sum of
    the slivers is never more severe.
    """

    a: Layer
    b: Layer
    slivers: Slivers
    sealed: bool = False
    severity: Severity | None = None


@dataclass
class RunLog:
    """Omissions of one rule's geometry queries.

    ``ignored``: slivers left out; ``failed``: pairs of rows that could not be computed; ``steps``: geometries
    computed by a fallback: the step, the rows and the planar area (m²) that the step changed; ``outline_failed``: the
    union of a layer failed; ``reported_by``: rules of this run that report some of the rule's cases.
    """

    ignored: list[Ignored] = field(default_factory=list)
    failed: list[tuple[Layer, int, Layer | None, int]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    outline_failed: bool = False
    reported_by: list[str] = field(default_factory=list)

    def ignore(
        self, slivers: Slivers, a: Layer, b: Layer, *, sealed: bool = False, severity: Severity | None = None
    ) -> None:
        """Record the slivers left out between two layers or within one.

        The run sums them. ``sealed``: ``b`` is the sealed edition of ``a``.
        """
        if slivers.geometry:
            self.ignored.append(Ignored(a, b, slivers, sealed, severity))

    def note(self, parts: Parts, a: Layer, b: Layer | None) -> None:
        """Record the fallback steps of parts, and the pairs that could not be computed."""
        for step in parts.fallback_log.steps:
            entry: dict[str, Any] = {
                "step": step.name,
                "role": a.role,
                "key": a.keys[step.left],
                "area_m2": step.area_m2,
            }
            if b is not None and step.right >= 0:
                entry |= {"related_role": b.role, "related_key": b.keys[step.right]}
            self.steps.append(entry)
        self.failed += [(a, i, b, j) for i, j in parts.fallback_log.failed]
