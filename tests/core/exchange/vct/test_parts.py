# SPDX-License-Identifier: GPL-2.0-or-later
"""Features of several parts: apart in the file, together again where nothing speaks against it."""

import numpy as np
import pytest
import shapely
from shapely import MultiLineString, MultiPolygon, box

from plugin.core.exchange.vct import batch
from plugin.core.exchange.vct.read import read_vct
from plugin.core.exchange.vct.write import write_vct
from tests.core.vct_files import layer

X, Y = 37_500_000.0, 4_150_000.0


def square(x, y=0.0, width=100.0):
    return box(X + x, Y + y, X + x + width, Y + y + width)


def back(path, *layers, join=True):
    write_vct(path, layers)
    return read_vct(path, join=join)


def test_parts_come_together_and_neighbours_do_not(tmp_path):
    """Two of three squares are one feature; beside it one that differs only in its key."""
    shapes = [MultiPolygon([square(0), square(200), square(400)]), square(600), square(800)]
    columns = {"BSM": ("text", ["1", "2", "2b"]), "MC": ("text", ["甲", "甲", "甲"])}
    (found,) = back(tmp_path / "a.vct", layer("A", shapes, **columns))
    assert found.frame["BSM"].tolist() == ["1", "2", "2b"]
    assert [shapely.get_num_geometries(s) for s in found.frame.geometry] == [3, 1, 1]
    assert all(a.equals(b) for a, b in zip(found.frame.geometry, shapes, strict=True))
    notes = [(k, p["count"]) for k, p in found.notices if k != "vct_note_place_unknown"]
    assert notes == [("vct_note_joined", 1)]
    (apart,) = read_vct(tmp_path / "a.vct")
    assert apart.frame["BSM"].tolist() == ["1", "1", "1", "2", "2b"]


@pytest.mark.parametrize(
    ("shapes", "keys", "rows"),
    [
        ([square(0), square(200)], [None, None], 2),
        ([square(0), square(200)], ["1", "2"], 2),
        ([square(0), square(0)], ["1", "1"], 2),
        ([square(0), square(100)], ["1", "1"], 2),
        ([square(0), None, square(200)], ["1", "1", "1"], 3),
        ([square(0), square(200)], ["1", "1"], 1),
    ],
    ids=["no key", "two keys", "the same land twice", "sharing an edge", "one without a shape", "alike in all"],
)
def test_what_stays_apart(tmp_path, shapes, keys, rows):
    (found,) = back(tmp_path / "a.vct", layer("A", shapes, BSM=("text", keys)))
    assert len(found.frame) == rows
    there = [s for s in shapes if s is not None]
    assert np.isclose(found.frame.area.sum(), sum(s.area for s in there))


def test_lines_too_but_not_points(tmp_path):
    line = MultiLineString([[(X, Y), (X + 5, Y)], [(X, Y + 5), (X + 5, Y + 5)]])
    points = shapely.MultiPoint([(X, Y), (X + 5, Y)])
    lines, dots = back(
        tmp_path / "a.vct", layer("X", [line], BSM=("text", ["1"])), layer("D", [points], BSM=("text", ["1"]))
    )
    assert lines.frame.geometry[0].equals(line) and len(dots.frame) == 2


def test_parts_across_the_rows_taken_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "BATCH_ROWS", 2)
    shapes = [square(0), MultiPolygon([square(200 * n, 500) for n in range(5)]), square(1000), square(1200)]
    (found,) = back(tmp_path / "a.vct", layer("A", shapes, BSM=("text", ["1", "2", "3", "4"])))
    assert found.frame["BSM"].tolist() == ["1", "2", "3", "4"]
    assert shapely.get_num_geometries(found.frame.geometry.to_numpy()).tolist() == [1, 5, 1, 1]
