# SPDX-License-Identifier: GPL-2.0-or-later
"""Degrees written as DD.MMSS: refused where digits or place prove it, and only there."""

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


def packed(degrees):
    """Decimal degrees as DD.MMSSssss."""
    whole = np.floor(degrees)
    minutes = np.floor((degrees - whole) * 60 + 1e-9)
    seconds = np.clip((degrees - whole) * 3600 - minutes * 60, 0, None)
    return whole + minutes / 100 + seconds / 10_000


def points(count, width, west=WEST, south=SOUTH):
    return np.column_stack([west + rng.random(count) * width, south + rng.random(count) * width])


def written(path, xy, code="140122", extent=None):
    """Points as our export writes them; ``extent``: other corners in the header."""
    write_vct(path, [layer("JZD", shapely.points(xy), crs=4490, XZQDM=("text", [code] * len(xy)))])
    if extent is not None:
        text = path.read_bytes().decode("gbk")
        low, high = (",".join(f"{v:.6f}" for v in corner) for corner in (extent.min(axis=0), extent.max(axis=0)))
        rows = text.split("\r\n")
        rows = [f"ExtentMin:{low}" if r.startswith("ExtentMin") else r for r in rows]
        rows = [f"ExtentMax:{high}" if r.startswith("ExtentMax") else r for r in rows]
        path.write_bytes("\r\n".join(rows).encode("gbk"))
    return path


def refusal(path):
    with pytest.raises(InputError) as caught:
        read_vct(path)
    error = caught.value
    for lang in ("zh", "en"):
        shown = Texts(lang).explain(error)
        assert "DD.MMSS" in shown and str(error.params["line"]) in shown and error.params["line"] > 20
    return error


def test_a_county_of_packed_degrees_is_refused_by_its_digits(tmp_path):
    xy = packed(points(400, 0.3, south=38.0, west=112.0))
    error = refusal(written(tmp_path / "a.vct", xy, code="149999"))
    assert error.key == "vct_place_packed"
    assert f"{xy[0, 0]:.10g}" in Texts("zh").explain(error)


def test_packed_degrees_outside_the_extent_are_refused(tmp_path):
    """Few points: only the header's extent, in decimal degrees, proves it."""
    plain = points(5, 0.01)
    error = refusal(written(tmp_path / "a.vct", packed(plain), code="149999", extent=plain))
    assert error.key == "vct_place_packed_extent"


def test_packed_degrees_outside_the_county_are_refused(tmp_path):
    plain = points(5, 0.01, west=113.95, south=40.30)
    error = refusal(written(tmp_path / "a.vct", packed(plain), code="140222"))
    assert error.key == "vct_place_packed_county" and "140222" in Texts("zh").explain(error)


@pytest.mark.parametrize("count", [1, 3, 20, 2000])
def test_decimal_degrees_are_read(tmp_path, count):
    plain = points(count, 0.3, west=112.4, south=38.0)
    (found,) = read_vct(written(tmp_path / "a.vct", plain))
    assert len(found.frame) == count and found.notices == []


def test_digits_of_few_points_prove_nothing(tmp_path):
    """Every minute and second below 60 by chance, in the county and in the extent."""
    (found,) = read_vct(written(tmp_path / "a.vct", np.array([[112.5312, 38.0144], [112.5533, 38.0521]])))
    assert len(found.frame) == 2 and found.notices == []


def test_a_coarse_grid_proves_nothing(tmp_path):
    """Full hundredths of a degree have no seconds to be compared."""
    xy = np.array([[112.5 + i / 100, 38.0 + j / 100] for i in range(10) for j in range(20)])
    (found,) = read_vct(written(tmp_path / "a.vct", xy))
    assert len(found.frame) == 200 and found.notices == []


def test_a_position_elsewhere_is_no_proof_of_packing(tmp_path):
    """Decimal degrees outside the extent that reading as DD.MMSS does not bring inside."""
    plain = np.array([[112.5312, 38.0144], [112.5533, 38.0521]])
    (found,) = read_vct(written(tmp_path / "a.vct", plain, extent=plain + 0.1))
    assert [key for key, _ in found.notices] == ["vct_note_extent"]
