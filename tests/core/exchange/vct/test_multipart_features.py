# SPDX-License-Identifier: GPL-2.0-or-later
"""Multipart features in VCT: one record per part, joined again on reading.

Parts stay separate if their rows contradict each other.
"""

import numpy as np
import pytest
import shapely
from shapely import MultiLineString, MultiPolygon, box

from plugin.core.exchange.vct import batch
from plugin.core.exchange.vct.read import read_vct
from plugin.core.exchange.vct.write import write_vct
from tests.core.vct_files import make_vct_layer

X, Y = 37_500_000.0, 4_150_000.0


def make_square(x, y=0.0, width=100.0):
    return box(X + x, Y + y, X + x + width, Y + y + width)


def write_and_read(path, *layers, join=True):
    """Write layers to VCT; return the layers read back, with the parts of a feature joined or not."""
    write_vct(path, layers)
    return read_vct(path, merges_parts=join)


def test_vct_rows_that_differ_only_in_shape_are_joined_and_rows_with_different_keys_are_not(tmp_path):
    """Write a feature of three squares beside features that differ only in their key."""
    shapes = [MultiPolygon([make_square(0), make_square(200), make_square(400)]), make_square(600), make_square(800)]
    columns = {"BSM": ("text", ["1", "2", "2b"]), "MC": ("text", ["甲", "甲", "甲"])}
    (found,) = write_and_read(tmp_path / "a.vct", make_vct_layer("A", shapes, **columns))
    assert found.frame["BSM"].tolist() == ["1", "2", "2b"]
    assert [shapely.get_num_geometries(s) for s in found.frame.geometry] == [3, 1, 1]
    assert all(a.equals(b) for a, b in zip(found.frame.geometry, shapes, strict=True))
    notes = [(k, p["count"]) for k, p in found.notices if k != "vct_note_place_unknown"]
    assert notes == [("vct_note_joined", 1)]
    (separate,) = read_vct(tmp_path / "a.vct")
    assert separate.frame["BSM"].tolist() == ["1", "1", "1", "2", "2b"]


@pytest.mark.parametrize(
    ("shapes", "keys", "rows"),
    [
        ([make_square(0), make_square(200)], [None, None], 2),
        ([make_square(0), make_square(200)], ["1", "2"], 2),
        ([make_square(0), make_square(0)], ["1", "1"], 2),
        ([make_square(0), make_square(100)], ["1", "1"], 2),
        ([make_square(0), None, make_square(200)], ["1", "1", "1"], 3),
        ([make_square(0), make_square(200)], ["1", "1"], 1),
    ],
    ids=["no key", "two keys", "duplicate land", "sharing an edge", "one without a shape", "equal rows"],
)
def test_vct_rows_without_a_key_or_with_overlapping_adjacent_or_missing_shapes_are_not_joined(
    tmp_path, shapes, keys, rows
):
    (found,) = write_and_read(tmp_path / "a.vct", make_vct_layer("A", shapes, BSM=("text", keys)))
    assert len(found.frame) == rows
    present = [s for s in shapes if s is not None]
    assert np.isclose(found.frame.area.sum(), sum(s.area for s in present))


def test_parts_of_a_vct_line_are_joined_but_points_are_not(tmp_path):
    line = MultiLineString([[(X, Y), (X + 5, Y)], [(X, Y + 5), (X + 5, Y + 5)]])
    points = shapely.MultiPoint([(X, Y), (X + 5, Y)])
    lines, dots = write_and_read(
        tmp_path / "a.vct",
        make_vct_layer("X", [line], BSM=("text", ["1"])),
        make_vct_layer("D", [points], BSM=("text", ["1"])),
    )
    assert lines.frame.geometry[0].equals(line) and len(dots.frame) == 2


def test_parts_of_a_vct_feature_are_joined_across_read_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "BATCH_ROWS", 2)
    shapes = [
        make_square(0),
        MultiPolygon([make_square(200 * n, 500) for n in range(5)]),
        make_square(1000),
        make_square(1200),
    ]
    (found,) = write_and_read(tmp_path / "a.vct", make_vct_layer("A", shapes, BSM=("text", ["1", "2", "3", "4"])))
    assert found.frame["BSM"].tolist() == ["1", "2", "3", "4"]
    assert shapely.get_num_geometries(found.frame.geometry.to_numpy()).tolist() == [1, 5, 1, 1]
