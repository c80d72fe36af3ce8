# SPDX-License-Identifier: GPL-2.0-or-later
"""Degrees written as DD.MMSS (degrees, minutes, seconds) in a VCT file.

They are refused only if their digits prove the notation.
"""

import numpy as np
import pytest
import shapely

from plugin.core.errors import InputError
from plugin.core.exchange.vct.read import read_vct
from plugin.core.exchange.vct.write import write_vct
from plugin.core.messages.texts import Texts
from tests.core.vct_files import make_vct_layer

#: In 阳曲 (140122).
WEST, SOUTH = 112.70, 37.95
random_generator = np.random.default_rng(7)


def pack_degrees(degrees):
    """Convert decimal degrees to the notation DD.MMSSssss."""
    whole = np.floor(degrees)
    minutes = np.floor((degrees - whole) * 60 + 1e-9)
    seconds = np.clip((degrees - whole) * 3600 - minutes * 60, 0, None)
    return whole + minutes / 100 + seconds / 10_000


def make_random_points(count, width, west=WEST, south=SOUTH):
    return np.column_stack(
        [west + random_generator.random(count) * width, south + random_generator.random(count) * width]
    )


def write_points(path, xy):
    """Write points as the export does."""
    write_vct(path, [make_vct_layer("JZD", shapely.points(xy), crs=4490, XZQDM=("text", ["140122"] * len(xy)))])
    return path


def read_and_get_error_key(path):
    with pytest.raises(InputError) as caught:
        read_vct(path)
    error = caught.value
    for lang in ("zh", "en"):
        shown = Texts(lang).explain_error(error)
        assert "DD.MMSS" in shown and str(error.params["line"]) in shown and error.params["line"] > 20
    return error


def test_many_points_with_all_minutes_and_seconds_below_60_are_refused_as_dd_mmss_degrees(tmp_path):
    xy = pack_degrees(make_random_points(400, 0.3, south=38.0, west=112.0))
    error = read_and_get_error_key(write_points(tmp_path / "a.vct", xy))
    assert error.key == "vct_place_packed"
    assert f"{xy[0, 0]:.10g}" in Texts("zh").explain_error(error)


@pytest.mark.parametrize("count", [1, 3, 20, 2000])
def test_decimal_degrees_in_a_vct_file_are_read(tmp_path, count):
    plain = make_random_points(count, 0.3, west=112.4, south=38.0)
    (found,) = read_vct(write_points(tmp_path / "a.vct", plain))
    assert len(found.frame) == count and found.notices == []


def test_two_points_with_digits_that_fit_dd_mmss_are_read_as_decimal_degrees_without_a_notice(tmp_path):
    """Use points with minutes and seconds below 60 by chance, inside county and extent."""
    (found,) = read_vct(write_points(tmp_path / "a.vct", np.array([[112.5312, 38.0144], [112.5533, 38.0521]])))
    assert len(found.frame) == 2 and found.notices == []


def test_points_on_a_grid_of_hundredths_of_a_degree_are_read_as_decimal_degrees_without_a_notice(tmp_path):
    """Use hundredths of a degree, which have no seconds to compare."""
    xy = np.array([[112.5 + i / 100, 38.0 + j / 100] for i in range(10) for j in range(20)])
    (found,) = read_vct(write_points(tmp_path / "a.vct", xy))
    assert len(found.frame) == 200 and found.notices == []


def test_points_in_dd_mmss_in_a_file_with_lines_in_decimal_degrees_are_refused(tmp_path):
    plain = make_random_points(400, 0.3, west=112.4, south=38.0)
    lines = shapely.linestrings(plain.reshape(-1, 2, 2))
    points = pack_degrees(make_random_points(300, 0.3, west=112.4, south=38.0))
    path = tmp_path / "a.vct"
    layers = [
        make_vct_layer("JZD", shapely.points(points), crs=4490, XZQDM=("text", ["140122"] * len(points))),
        make_vct_layer("JZX", lines, crs=4490, XZQDM=("text", ["140122"] * len(lines))),
    ]
    write_vct(path, layers)
    assert read_and_get_error_key(path).key == "vct_place_packed"
