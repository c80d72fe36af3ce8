# SPDX-License-Identifier: GPL-2.0-or-later
"""A county without defects under the code and name of another one, with targets that it meets."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from plugin.core.checks.check import RunOptions, check_plan
from tests.county import make_county
from tests.county.write import write_geopackage

CODE, NAME = "140212", "新荣区"
_CELLS = 300


def write_other_county(path: Path) -> Path:
    """Write the county's layers as a GeoPackage; return its path."""
    layers, _ = make_county(_CELLS, defects=False)
    for frame in layers.values():
        for column in frame.columns.drop("geometry"):
            if frame[column].map(lambda v: isinstance(v, str)).any():
                frame[column] = frame[column].map(
                    lambda v: v.replace("140225", CODE).replace("浑源县", NAME) if isinstance(v, str) else v
                )
    write_geopackage(path, layers)
    return path


def compute_met_targets(path: Path) -> dict[str, str]:
    """Return area totals of the county in plan units by indicator, rounded so that targets are met."""
    measured = {i.id: i.value for i in check_plan(path, RunOptions(profile="shanxi")).report.indicators}
    floors = {"cultivated_area": 1e8 / 15, "farmland_area": 1e8 / 15, "red_line_area": 1e6}
    found = {name: np.floor(measured[name] / unit * 100) / 100 for name, unit in floors.items()}
    found["boundary_area"] = np.ceil(measured["boundary_area"] / 1e6 * 100) / 100
    return {name: f"{value:.2f}" for name, value in found.items()}
