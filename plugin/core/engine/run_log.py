# SPDX-License-Identifier: GPL-2.0-or-later
"""Slivers and failed computations of a rule's geometry queries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..geometry.overlay_fallback import FallbackLog
from ..geometry.parts import SliverParts
from ..model.rule import Severity
from ..plan.layer import Layer


@dataclass(frozen=True)
class IgnoredSlivers:
    """Slivers that one geometry query left out.

    ``slivers.left`` are rows of ``first_layer``, ``slivers.right`` rows of ``second_layer``. ``is_sealed_edition``:
    ``second_layer`` is the sealed edition of ``first_layer``. ``severity``: upper limit for the severity of a finding
    on their sum; None: the rule's severity.
    """

    first_layer: Layer
    second_layer: Layer
    slivers: SliverParts
    is_sealed_edition: bool = False
    severity: Severity | None = None


@dataclass
class RunLog:
    """What one rule's geometry queries left out or could not compute.

    ``ignored_slivers``: slivers left out. ``failed_pairs``: (layer, row, other layer or None, other row) of pairs that
    could not be computed. ``fallback_steps``: uses of the overlay fallback: the step, the rows, and the planar area
    (m²) that the step changed. ``has_failed_outline``: the union of a layer failed. ``reporting_rules``: rules of this
    run that report some of this rule's cases instead.
    """

    ignored_slivers: list[IgnoredSlivers] = field(default_factory=list)
    failed_pairs: list[tuple[Layer, int, Layer | None, int]] = field(default_factory=list)
    fallback_steps: list[dict[str, Any]] = field(default_factory=list)
    has_failed_outline: bool = False
    reporting_rules: list[str] = field(default_factory=list)

    def record_ignored_slivers(
        self, slivers: SliverParts, a: Layer, b: Layer, *, sealed: bool = False, severity: Severity | None = None
    ) -> None:
        """Record the slivers left out between two layers, or within one (``a`` is ``b``).

        The run sums them. ``sealed``: ``b`` is the sealed edition of ``a``.
        """
        if slivers.polygons:
            self.ignored_slivers.append(IgnoredSlivers(a, b, slivers, sealed, severity))

    def record_fallbacks(self, fallback_log: FallbackLog, a: Layer, b: Layer | None) -> None:
        """Record an overlay's fallback steps, and the pairs that it could not compute."""
        for step in fallback_log.steps:
            step_entry: dict[str, Any] = {
                "step": step.method_name,
                "role": a.role,
                "key": a.keys[step.left_row],
                "area_m2": step.area_m2,
            }
            if b is not None and step.right_row >= 0:
                step_entry |= {"related_role": b.role, "related_key": b.keys[step.right_row]}
            self.fallback_steps.append(step_entry)
        self.failed_pairs += [(a, i, b, j) for i, j in fallback_log.failed_pairs]
