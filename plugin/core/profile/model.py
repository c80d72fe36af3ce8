# SPDX-License-Identifier: GPL-2.0-or-later
"""What a profile holds, typed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Target:
    """One figure of a plan (指标目标). ``value`` as printed, so that its decimals are known."""

    area_code: str
    indicator: str
    comparison: str
    value: str
    unit: str
    year: int
    binding: str
    source: str

    @property
    def number(self) -> float:
        return float(self.value)

    @property
    def decimals(self) -> int:
        return len(self.value.partition(".")[2])


@dataclass(frozen=True)
class Profile:
    """What a province, city or county sets on top of a standard. ``rules``: codes and groups that run beside the default."""

    id: str
    name: str
    area_code: str
    standard: str
    path: Path | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    severity: dict[str, str] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    confirmed: frozenset[str] = frozenset()
    confirmed_by: dict[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    rules: tuple[str, ...] = ()
