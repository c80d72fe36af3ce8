# SPDX-License-Identifier: GPL-2.0-or-later
"""Seams of a gathering: borders of the counties are kept as they are read, and compared at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..seams.model import CountyBorders, SeamResult, SeamSettings
from ..seams.read_borders import extract_borders, make_borders_or_reason
from ..seams.run import compare_read_counties
from ..seams.sums import read_parent_targets

if TYPE_CHECKING:
    from ..cancellation import Cancellation
    from ..counties.model import County
    from ..plan.plan import Plan
    from ..profile import Norm
    from ..seams.sums import ParentTargets
    from .model import GatherOptions

#: A seam needs two counties.
_MIN_COUNTIES = 2


@dataclass
class GatheredSeams:
    """Borders of the counties so far; ``norm``, ``settings``: of the comparison; ``targets``: of the parent."""

    norm: Norm
    settings: SeamSettings
    targets: ParentTargets
    lang: str
    borders: list[CountyBorders] = field(default_factory=list)

    @classmethod
    def from_options(cls, options: GatherOptions) -> GatheredSeams:
        """Return the state before the first county. Raise InputError for unusable targets."""
        norm = options.check.resolve_norm()
        return cls(norm, SeamSettings.from_norm(norm), read_parent_targets(options.targets), options.check.lang)

    def add(self, county: County, plan: Plan, cancellation: Cancellation) -> None:
        """Keep the borders of a county, or the reason why it has none. Raise Cancelled and MemoryError."""

        def extract() -> CountyBorders:
            return extract_borders(county, plan, self.settings, bool(self.targets.parent), self.lang, cancellation)

        self.borders.append(make_borders_or_reason(county, extract, self.lang))

    def compare(self, progress: Callable[[float], None], cancellation: Cancellation) -> SeamResult | None:
        """Return the comparison of the counties; None if fewer than two have a border.

        ``progress``: called with the share of the comparison, 0 to 1. Raise Cancelled.
        """
        if sum(one.is_read for one in self.borders) < _MIN_COUNTIES:
            return None
        progress(0.0)
        return compare_read_counties(
            self.borders,
            self.targets,
            self.settings,
            self.norm,
            self.lang,
            progress=progress,
            cancellation=cancellation,
        )
