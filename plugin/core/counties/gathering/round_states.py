# SPDX-License-Identifier: GPL-2.0-or-later
"""What became of the findings of each county between two rounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .returned_findings import ReturnedFinding


class RoundState(StrEnum):
    """What became of a finding since the earlier round: 已整改, 仍存在, 新增, 已豁免, 未能核对."""

    CORRECTED = "corrected"
    OPEN = "open"
    NEW = "new"
    WAIVED = "waived"
    UNCHECKED = "unchecked"


@dataclass(frozen=True)
class FormerRound:
    """An earlier round: the time of its results, and its counties with their findings by code."""

    written: str
    counties: dict[str, tuple[str, tuple[ReturnedFinding, ...]]]


@dataclass
class CountyRound:
    """A county in two rounds. ``former_count``: findings of the earlier one; ``findings``: with their states."""

    area_code: str
    name: str
    former_count: int
    findings: list[tuple[RoundState, ReturnedFinding]] = field(default_factory=list)

    def count(self, state: RoundState) -> int:
        """Return the number of findings in a state."""
        return sum(one is state for one, _ in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the county as plain data for JSON; findings by their fingerprints."""
        states = {str(state): [f.fingerprint for one, f in self.findings if one is state] for state in RoundState}
        return {"area_code": self.area_code, "name": self.name, "former": self.former_count, **states}
