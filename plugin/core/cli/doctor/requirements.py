# SPDX-License-Identifier: GPL-2.0-or-later
"""What the environment check requires, from ``resources/environment.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache

from ....paths import ENVIRONMENT_REQUIREMENTS


@dataclass(frozen=True)
class FormatRequirement:
    """A format of layers that is written and read back; ``required``: without it no result can be written."""

    name: str
    driver: str
    suffix: str
    required: bool


@dataclass(frozen=True)
class ProjectionSample:
    """A point in one CRS and the same point in another one (x eastward, in metres), and the accepted difference."""

    source_crs: str
    source_point: tuple[float, float]
    target_crs: str
    target_point: tuple[float, float]
    tolerance_m: float


@dataclass(frozen=True)
class Requirements:
    """Oldest versions of programs and libraries by name, formats, free disk space (GB), and a projected point."""

    programs: dict[str, str]
    required_libraries: dict[str, str]
    optional_libraries: dict[str, str]
    formats: tuple[FormatRequirement, ...]
    disk_warning_gb: float
    disk_minimum_gb: float
    projection: ProjectionSample


@cache
def load_requirements() -> Requirements:
    """Return the requirements."""
    data = tomllib.loads(ENVIRONMENT_REQUIREMENTS.read_text(encoding="utf-8"))
    sample = data["projection"]
    return Requirements(
        programs=data["programs"],
        required_libraries=data["libraries"]["required"],
        optional_libraries=data["libraries"]["optional"],
        formats=tuple(FormatRequirement(**one) for one in data["formats"]),
        disk_warning_gb=data["disk"]["warning_gb"],
        disk_minimum_gb=data["disk"]["minimum_gb"],
        projection=ProjectionSample(
            sample["source_crs"],
            tuple(sample["source_point"]),
            sample["target_crs"],
            tuple(sample["target_point"]),
            sample["tolerance_m"],
        ),
    )
