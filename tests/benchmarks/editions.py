# SPDX-License-Identifier: GPL-2.0-or-later
"""Time the comparison of two editions of the parcels, the later one shifted as a whole by 0.36 m."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import numpy as np
import shapely

from plugin.core.io import read_source
from plugin.core.loading.assembly import assemble_plan
from plugin.core.profile import load_profile
from plugin.core.profile.norm import Norm
from plugin.core.standard import load_standard
from plugin.core.versions.compare import compare_layers
from plugin.core.versions.model import LayerEdition, VersionComparison, make_edition
from plugin.core.versions.shift_search import make_shift_limits

from .measure import Row

_ROLE = "DLTB"
_SHIFT_M = (0.3, 0.2)
_MAX_SECONDS = 5.0


def measure_shifted_editions(path: Path, runs: int) -> list[Row]:
    """Return the row that compares two shifted editions with and without removal of the shift.

    The runs alternate; seconds are medians. The areas moved by the shift must be those found without its removal.
    """
    norm = Norm(load_standard(), load_profile())
    seconds: dict[bool, list[float]] = {True: [], False: []}
    found: dict[bool, VersionComparison] = {}
    for _ in range(runs):
        for removes_shift in (True, False):
            limits = make_shift_limits(norm) if removes_shift else None
            before, after = _read_edition(path, norm, (0.0, 0.0)), _read_edition(path, norm, _SHIFT_M)
            begun = time.perf_counter()
            found[removes_shift] = compare_layers(before, after, tolerance=norm.make_tolerance(), shift_limits=limits)
            seconds[removes_shift].append(time.perf_counter() - begun)
    own, other = (statistics.median(seconds[removes_shift]) for removes_shift in (True, False))
    shift = found[True].shift
    moved = [found[False].sum_area_m2(kind) for kind in ("out", "in")]
    differences = np.abs(np.subtract([shift.moved_out_m2, shift.moved_in_m2], moved)) if shift else np.array([np.inf])
    rows = len(found[True].later_edition)
    return [
        Row(f"两版整体平移 {np.hypot(*_SHIFT_M):.2f} m，{rows:,} 个图斑", f"{own:.2f} s", f"不扣除平移 {other:.2f} s",
            f"快 {other / own:.1f} ×，移出移入面积差 {differences.max():.2f} m²", f"≤ {_MAX_SECONDS:g} s",
            own <= _MAX_SECONDS and differences.max() <= 1e-5 * max(moved) and not found[True].has_other_changes)
    ]  # fmt: skip


def _read_edition(path: Path, norm: Norm, move: tuple[float, float]) -> LayerEdition:
    """Return the parcels of a county file, moved by metres east and north."""
    (layer,) = (one for one in read_source(path, select_layer=lambda one: one.name == _ROLE) if one.name == _ROLE)
    shapes = shapely.transform(layer.frame.geometry.to_numpy(), lambda xy: xy + np.array(move))
    layer.frame = layer.frame.set_geometry(shapes, crs=layer.frame.crs)
    plan = assemble_plan([layer], norm, roles={_ROLE: layer.full_name}, scope="three_lines")
    return make_edition(plan.layers[_ROLE])
