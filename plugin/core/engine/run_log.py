# SPDX-License-Identifier: GPL-2.0-or-later
"""Slivers and failed computations of a rule's geometry queries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..geometry.parts import Parts, Slivers
from ..model.rule import Severity
from ..plan.layer import Layer


@dataclass(frozen=True)
class IgnoredSlivers:
    """Slivers that one geometry query left out.

    ``slivers.left`` are rows of ``a``, ``slivers.right`` rows of ``b``. ``is_sealed_edition``: ``b`` is the sealed
    edition of ``a``. ``severity``: upper limit for the severity of a finding on their sum; None: the rule's severity.
    """

    a: Layer
    b: Layer
    slivers: Slivers
    is_sealed_edition: bool = False
    severity: Severity | None = None


@dataclass
class RunLog:
    """What one rule's geometry queries left out or could not compute.

    ``ignored_slivers``: slivers left out. ``failed_pairs``: (layer, row, other layer or None, other row) of pairs that
    could not be computed. ``steps``: uses of the overlay fallback: the step, the rows, and the planar area (m²) that
    the step changed. ``outline_failed``: the union of a layer failed. ``reporting_rules``: rules of this run that
    report some of this rule's cases instead.
    """

    ignored_slivers: list[IgnoredSlivers] = field(default_factory=list)
    failed_pairs: list[tuple[Layer, int, Layer | None, int]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    outline_failed: bool = False
    reporting_rules: list[str] = field(default_factory=list)

    def ignore(
        self, slivers: Slivers, a: Layer, b: Layer, *, sealed: bool = False, severity: Severity | None = None
    ) -> None:
        """Record the slivers left out between two layers, or within one (``a`` is ``b``).

        The run sums them. ``sealed``: ``b`` is the sealed edition of ``a``.
        """
        if slivers.geometry:
            self.ignored_slivers.append(IgnoredSlivers(a, b, slivers, sealed, severity))

    def note(self, parts: Parts, a: Layer, b: Layer | None) -> None:
        """Record an overlay's fallback steps, and the pairs that it could not compute."""
        for step in parts.fallback_log.steps:
            step_entry: dict[str, Any] = {
                "step": step.name,
                "role": a.role,
                "key": a.keys[step.left],
                "area_m2": step.area_m2,
            }
            if b is not None and step.right >= 0:
                step_entry |= {"related_role": b.role, "related_key": b.keys[step.right]}
            self.steps.append(step_entry)
        self.failed_pairs += [(a, i, b, j) for i, j in parts.fallback_log.failed_pairs]
