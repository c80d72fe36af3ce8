# SPDX-License-Identifier: GPL-2.0-or-later
"""Signs in fractions: whether two polygons that nearly touch share land, and whether one covers the other."""

from __future__ import annotations

from itertools import product

import numpy as np
import shapely

from plugin.core.geometry.overlay import find_shared_pieces, find_uncovered_pieces
from plugin.core.geometry.overlay_pieces import OverlayPieces
from plugin.core.geometry.tolerance import Tolerance
from tests.cases.exact_overlay import measure_shared_area, measure_uncovered_area
from tests.cases.layouts import make_layout

#: Limits of slivers, and none: pieces of any size are reported.
TOLERANCE, NO_SLIVERS = Tolerance(), Tolerance(min_area_m2=0.0, min_width_m=0.0)
#: Pairs of a layout that are computed exactly, which is slow.
MAX_PAIRS = 4
#: Area (m²) below which a pair is nearly degenerate, and that which rounding may add to an area or take from it.
NEAR_M2, ROUNDING_M2 = 2.0, 1e-4


def find_wrong_signs(seed: int) -> tuple[int, list[str]]:
    """Return the number of signs that fractions decided, and those that the overlays have otherwise, as WKT."""
    chance = np.random.default_rng(seed)
    layers = [[one for one in layer if one is not None] for layer in make_layout(seed, True)]
    pairs = [
        (a, b, measure)
        for a, b in product(*layers)
        for measure, shape in ((measure_shared_area, a.intersection), (measure_uncovered_area, a.difference))
        if shapely.intersects(a, b) and _is_nearly_degenerate(shape(b))
    ]
    wrong = []
    chosen = [pairs[n] for n in chance.permutation(len(pairs))[:MAX_PAIRS]]
    for a, b, measure in chosen:
        overlay = find_shared_pieces if measure is measure_shared_area else find_uncovered_pieces
        exact = measure(a, b) if measure is measure_shared_area else measure(a, [b])
        one, other = np.array([a], dtype=object), np.array([b], dtype=object)
        area = _sum(overlay(one, other, tolerance=NO_SLIVERS))
        reported = _sum(overlay(one, other, tolerance=TOLERANCE))
        is_missing = exact > ROUNDING_M2 and not area
        is_unreported = exact > TOLERANCE.min_area_m2 + ROUNDING_M2 and not reported
        is_invented = not exact and (reported > 0 or area > ROUNDING_M2)
        if is_missing or is_unreported or is_invented:
            wrong.append(f"{overlay.__name__}: exact {exact}, found {area}, reported {reported} | {a.wkt} | {b.wkt}")
    return len(chosen), wrong


def _is_nearly_degenerate(shape: shapely.Geometry) -> bool:
    """Return True for a small area, or a strip of any."""
    return shape.area < NEAR_M2 or 2 * shape.area < TOLERANCE.min_width_m * shape.length


def _sum(pieces: OverlayPieces) -> float:
    return float(pieces.area.sum())
