# SPDX-License-Identifier: GPL-2.0-or-later
"""Degrees written as DD.MMSS: refused only if digits or place prove the notation."""

import numpy as np
import pytest
import shapely

from plugin.core.errors import InputError
from plugin.core.exchange.vct.read import read_vct
from plugin.core.exchange.vct.write import write_vct
from plugin.core.messages.texts import Texts
from tests.core.vct_files import layer

#: In 阳曲 (140122).
WEST, SOUTH = 112.70, 37.95
rng = np.random.default_rng(7)


def pack_degrees(degrees):
    """Convert decimal degrees to DD.MMSSssss."""
    whole = np.floor(degrees)
    minutes = np.floor((degrees - whole) * 60 + 1e-9)
    seconds = np.clip((degrees - whole) * 3600 - minutes * 60, 0, None)
    return whole + minutes / 100 + seconds / 10_000


def random_points(count, width, west=WEST, south=SOUTH):
    return np.column_stack([west + rng.random(count) * width, south + rng.random(count) * width])


def write_points(path, xy, code="140122", extent=None):
    """Write points as our export does; ``extent`` replaces the corners in the header."""
    write_vct(path, [layer("JZD", shapely.points(xy), crs=4490, XZQDM=("text", [code] * len(xy)))])
    if extent is not None:
        text = path.read_bytes().decode("gbk")
        low, high = (",".join(f"{v:.6f}" for v in corner) for corner in (extent.min(axis=0), extent.max(axis=0)))
        rows = text.split("\r\n")
        rows = [f"ExtentMin:{low}" if r.startswith("ExtentMin") else r for r in rows]
        rows = [f"ExtentMax:{high}" if r.startswith("ExtentMax") else r for r in rows]
        path.write_bytes("\r\n".join(rows).encode("gbk"))
    return path


def read_refusal(path):
    with pytest.raises(InputError) as caught:
        read_vct(path)
    error = caught.value
    for lang in ("zh", "en"):
        shown = Texts(lang).explain(error)
        assert "DD.MMSS" in shown and str(error.params["line"]) in shown and error.params["line"] > 20
    return error


def test_packed_degrees_are_refused_by_their_digits(tmp_path):
    xy = pack_degrees(random_points(400, 0.3, south=38.0, west=112.0))
    error = read_refusal(write_points(tmp_path / "a.vct", xy, code="149999"))
    assert error.key == "vct_place_packed"
    assert f"{xy[0, 0]:.10g}" in Texts("zh").explain(error)


def test_packed_degrees_outside_the_extent_are_refused(tmp_path):
    """Use few points; only the header extent in decimal degrees proves the notation."""
    plain = random_points(5, 0.01)
    error = read_refusal(write_points(tmp_path / "a.vct", pack_degrees(plain), code="149999", extent=plain))
    assert error.key == "vct_place_packed_extent"


def test_packed_degrees_outside_the_county_are_refused(tmp_path):
    plain = random_points(5, 0.01, west=113.95, south=40.30)
    error = read_refusal(write_points(tmp_path / "a.vct", pack_degrees(plain), code="140222"))
    assert error.key == "vct_place_packed_county" and "140222" in Texts("zh").explain(error)


@pytest.mark.parametrize("count", [1, 3, 20, 2000])
def test_decimal_degrees_are_read(tmp_path, count):
    plain = random_points(count, 0.3, west=112.4, south=38.0)
    (found,) = read_vct(write_points(tmp_path / "a.vct", plain))
    assert len(found.frame) == count and found.notices == []


def test_digits_of_few_points_prove_nothing(tmp_path):
    """Use points whose minutes and seconds are below 60 by chance, inside county and extent."""
    (found,) = read_vct(write_points(tmp_path / "a.vct", np.array([[112.5312, 38.0144], [112.5533, 38.0521]])))
    assert len(found.frame) == 2 and found.notices == []


def test_coarse_grid_proves_nothing(tmp_path):
    """Use full hundredths of a degree, which have no seconds to compare."""
    xy = np.array([[112.5 + i / 100, 38.0 + j / 100] for i in range(10) for j in range(20)])
    (found,) = read_vct(write_points(tmp_path / "a.vct", xy))
    assert len(found.frame) == 200 and found.notices == []


def test_position_outside_the_extent_does_not_prove_packing(tmp_path):
    """Use decimal degrees outside the extent that the DD.MMSS reading does not bring inside."""
    plain = np.array([[112.5312, 38.0144], [112.5533, 38.0521]])
    (found,) = read_vct(write_points(tmp_path / "a.vct", plain, extent=plain + 0.1))
    assert [key for key, _ in found.notices] == ["vct_note_extent"]
