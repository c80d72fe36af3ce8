# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows that copy a parcel's shape are found in any storage form."""

from types import SimpleNamespace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.cancellation import NEVER_CANCELLED
from plugin.core.geometry import polygons as polygons_module
from plugin.core.geometry.polygons import Polygons
from plugin.core.indicators.survey_deductions import _compute_containing_rows, find_rows_cut_differently

SQUARE, ADJACENT_SQUARE, HALF_SQUARE = (
    shapely.box(0, 0, 100, 100),
    shapely.box(100, 0, 200, 100),
    shapely.box(100, 0, 150, 100),
)

#: Rectangles on a grid; the middle of one may be on the edge of another.
BOXES = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 2), st.integers(1, 2)).map(
        lambda box: shapely.box(box[0], box[1], box[0] + box[2], box[1] + box[3])
    ),
    max_size=8,
)


class FakePlanLayer:
    def __init__(self, *shapes: shapely.Geometry) -> None:
        self.plane_shapes = np.array(shapes, dtype=object)
        self.has_shape = np.ones(len(shapes), dtype=bool)
        self.inner_points = shapely.point_on_surface(self.plane_shapes)
        self.polygons = Polygons(self.plane_shapes)

    def __len__(self) -> int:
        return len(self.plane_shapes)

    def sort_rows(self, rows) -> list[int]:
        """Return rows as if later ones had smaller keys."""
        return sorted(rows, reverse=True)


@pytest.mark.parametrize("max_small_vertices", [4, 512])
def test_parcel_of_the_last_key_that_contains_the_point_of_a_row_is_found(max_small_vertices, monkeypatch) -> None:
    monkeypatch.setattr(polygons_module, "MAX_UNCLIPPED_VERTICES", max_small_vertices)

    @given(BOXES, BOXES)
    def assert_for_boxes(shapes, parcel_shapes):
        rows, parcels = FakePlanLayer(*shapes), FakePlanLayer(*parcel_shapes)
        containing = [
            [n for n, parcel in enumerate(parcel_shapes) if parcel.intersects(point)] for point in rows.inner_points
        ]
        assert _compute_containing_rows(rows, parcels, None).tolist() == [
            min(found, default=-1) for found in containing
        ]

    assert_for_boxes()


def test_multipolygon_of_one_part_is_recognised_as_a_copy_of_its_polygon() -> None:
    ctx = SimpleNamespace(
        plan=SimpleNamespace(get_cache=lambda name, **options: {}),
        geometry=SimpleNamespace(
            compute_or_reuse_row_values=lambda name, layer, other, compute, **options: compute(None)
        ),
        cancellation=NEVER_CANCELLED,
    )
    rows = FakePlanLayer(
        shapely.multipolygons([SQUARE]), HALF_SQUARE, shapely.multipolygons([SQUARE, shapely.box(300, 0, 301, 1)])
    )
    parcels = FakePlanLayer(SQUARE, shapely.multipolygons([ADJACENT_SQUARE]))
    assert find_rows_cut_differently(rows, parcels, ctx).tolist() == [False, True, True]
