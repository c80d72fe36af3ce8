# SPDX-License-Identifier: GPL-2.0-or-later
"""Slivers and failed computations of a rule's geometry queries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..geometry.overlay_fallback import FallbackLog
from ..geometry.overlay_pieces import Slivers
from ..model.rule import Severity
from ..plan.layer import Layer


@dataclass(frozen=True)
class IgnoredSlivers:
    """Slivers that one geometry query left out.

    `Slivers.left_row` are rows of ``first_layer``, `Slivers.right_row` rows of ``second_layer``.
    ``is_sealed_edition``: ``second_layer`` is the sealed edition of ``first_layer``. ``severity``: highest severity of
    the finding on the sum of the slivers; None: the rule's severity.
    """

    first_layer: Layer
    second_layer: Layer
    slivers: Slivers
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

    def add_entries(self, other: RunLog) -> None:
        """Add the entries of another log, behind those of this one."""
        self.ignored_slivers += other.ignored_slivers
        self.failed_pairs += other.failed_pairs
        self.fallback_steps += other.fallback_steps
        self.has_failed_outline |= other.has_failed_outline
        self.reporting_rules += [code for code in other.reporting_rules if code not in self.reporting_rules]

    def record_ignored_slivers(
        self,
        slivers: Slivers,
        left_layer: Layer,
        right_layer: Layer,
        *,
        is_sealed_edition: bool = False,
        severity: Severity | None = None,
    ) -> None:
        """Record slivers that were left out between two layers, or within one layer, given twice.

        The run sums them. ``is_sealed_edition``: ``right_layer`` is the sealed edition of ``left_layer``; ``severity``:
        as in `IgnoredSlivers`.
        """
        if slivers.polygons:
            self.ignored_slivers.append(IgnoredSlivers(left_layer, right_layer, slivers, is_sealed_edition, severity))

    def record_fallbacks(self, fallback_log: FallbackLog, left_layer: Layer, right_layer: Layer | None) -> None:
        """Record the fallback steps of an overlay, and the pairs of rows that it could not compute.

        ``right_layer``: None if the overlay subtracts a cover, whose rows are not named.
        """
        for step in fallback_log.steps:
            step_entry: dict[str, Any] = {
                "step": step.method_name,
                "role": left_layer.role,
                "key": left_layer.keys[step.left_row],
                "area_m2": step.area_m2,
            }
            if right_layer is not None and step.right_row >= 0:
                step_entry |= {"related_role": right_layer.role, "related_key": right_layer.keys[step.right_row]}
            self.fallback_steps.append(step_entry)
        self.failed_pairs += [(left_layer, i, right_layer, j) for i, j in fallback_log.failed_pairs]

    def record_fallbacks_of_outline(self, fallback_log: FallbackLog, layer: Layer | None = None) -> None:
        """Record the fallback steps of a union or of an outline, of a layer if it is given; mark a failed one."""
        self.has_failed_outline |= bool(fallback_log.failed_pairs)
        role = {} if layer is None else {"role": layer.role}
        self.fallback_steps += [
            {"step": step.method_name, **role, "area_m2": step.area_m2} for step in fallback_log.steps
        ]
