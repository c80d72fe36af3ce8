# SPDX-License-Identifier: GPL-2.0-or-later
"""A target with the sum that the areas below it have of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...standard.profile import IndicatorTarget


@dataclass(frozen=True)
class Allotment:
    """A target of an area, and the sum that the areas below it have of it, in the target's unit.

    ``level``: province, city or county; ``part_count``: areas with this target; ``missing``: names of those without it.
    """

    level: str
    area_code: str
    area_name: str
    target: IndicatorTarget
    parts_sum: float
    part_count: int
    missing: tuple[str, ...]

    @property
    def difference(self) -> float:
        """Return the target less the sum; 0 within half of the target's last digit."""
        difference = round(self.target.numeric_value - self.parts_sum, 9)
        return difference if abs(difference) > 0.5 * 10**-self.target.printed_decimals else 0.0

    @property
    def state(self) -> str:
        """Return done, open (not all is allotted), spare (of an upper limit), or above (more than the target)."""
        if not self.difference:
            return "done"
        if self.difference < 0:
            return "exceeded" if self.target.comparison == "<=" else "above"
        return "spare" if self.target.comparison == "<=" else "open"

    def to_dict(self) -> dict[str, Any]:
        """Return the allotment as plain data for JSON."""
        figures = {key: getattr(self.target, key) for key in ("indicator", "comparison", "value", "unit", "year")}
        own = {
            key: getattr(self, key) for key in ("level", "area_code", "area_name", "parts_sum", "part_count", "state")
        }
        return {**own, **figures, "difference": self.difference, "missing": list(self.missing)}
