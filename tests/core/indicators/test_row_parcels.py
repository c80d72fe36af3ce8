# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows that copy a parcel's shape are found in any storage form."""

from types import SimpleNamespace

import numpy as np
import shapely

from plugin.core.cancellation import NEVER_CANCELLED
from plugin.core.indicators.survey_deductions import find_rows_cut_differently

SQUARE, ADJACENT_SQUARE, HALF_SQUARE = (
    shapely.box(0, 0, 100, 100),
    shapely.box(100, 0, 200, 100),
    shapely.box(100, 0, 150, 100),
)


class FakePlanLayer:
    def __init__(self, *shapes: shapely.Geometry) -> None:
        self.plane_shapes = np.array(shapes, dtype=object)
        self.has_shape = np.ones(len(shapes), dtype=bool)
        self.inner_points = shapely.point_on_surface(self.plane_shapes)

    def __len__(self) -> int:
        return len(self.plane_shapes)


def test_multipolygon_of_one_part_is_recognised_as_a_copy_of_its_polygon() -> None:
    ctx = SimpleNamespace(
        plan=SimpleNamespace(get_cache=lambda name, **options: {}),
        geometry=SimpleNamespace(compute_or_reuse_arrays=lambda name, layers, settings, compute: compute()),
        cancellation=NEVER_CANCELLED,
    )
    rows = FakePlanLayer(
        shapely.multipolygons([SQUARE]), HALF_SQUARE, shapely.multipolygons([SQUARE, shapely.box(300, 0, 301, 1)])
    )
    parcels = FakePlanLayer(SQUARE, shapely.multipolygons([ADJACENT_SQUARE]))
    assert find_rows_cut_differently(rows, parcels, ctx).tolist() == [False, True, True]
