# SPDX-License-Identifier: GPL-2.0-or-later
"""What a rule's geometry queries left out (ignored slivers) or could not compute, collected while the rule runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..geometry.parts import Parts, Slivers
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


@dataclass
class RunLog:
    """``ignored``: slivers that were left out; ``failed``: pairs of rows that could not be computed; ``steps``: what could not
    be computed as it is: the step of the ladder, the rows and the planar area (m²) that it changed; ``outline_failed``: an
    outline could not be put together; ``reported_by``: rules of this run that report some of the rule's cases."""

    ignored: list[Ignored] = field(default_factory=list)
    failed: list[tuple[Layer, int, Layer | None, int]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    outline_failed: bool = False
    reported_by: list[str] = field(default_factory=list)

    def ignore(
        self, slivers: Slivers, a: Layer, b: Layer, *, sealed: bool = False, severity: Severity | None = None
    ) -> None:
        """Note slivers that are left out between two layers (or within one), so that the run can sum them.

        ``sealed``: ``b`` is the sealed edition of ``a``.
        """
        if slivers.geometry:
            self.ignored.append(Ignored(a, b, slivers, sealed, severity))

    def note(self, parts: Parts, a: Layer, b: Layer | None) -> None:
        """Note the steps of the ladder that parts took, and the pairs that none of them could compute."""
        for step in parts.fallback_log.steps:
            said: dict[str, Any] = {
                "step": step.name,
                "role": a.role,
                "key": a.keys[step.left],
                "area_m2": step.area_m2,
            }
            if b is not None and step.right >= 0:
                said |= {"related_role": b.role, "related_key": b.keys[step.right]}
            self.steps.append(said)
        self.failed += [(a, i, b, j) for i, j in parts.fallback_log.failed]
