# SPDX-License-Identifier: GPL-2.0-or-later
"""VCT fields declared as another type: read, or refused with the line."""

import re

import pytest
import shapely

from plugin.core.errors import InputError
from plugin.core.exchange.vct.read import open_vct
from plugin.core.exchange.vct.write import write_vct
from plugin.core.standard import load_standard
from tests.core.vct_files import make_vct_layer

X, Y = 38_384_000.0, 4_212_000.0
PARCEL_KEYS = [f"14012210000000000{k}" for k in (1, 2, 3)]
PARCEL_SQUARES = [shapely.box(X + x, Y, X + x + 100, Y + 100) for x in (0, 100, 200)]


def make_road_layer(length_m):
    line = shapely.linestrings([[X, Y], [X + 300, Y], [X + 300, Y + 400]])
    return make_vct_layer("ZXCQDLZXX", [line], crs=4526, BSM=("text", PARCEL_KEYS[:1]), CD=("real", [length_m]))


def import_with_field_type(tmp_path, field, declared):
    """Import a VCT field declared as another type; return notes, None if refused."""
    path = tmp_path / "a.vct"
    lengths = {"MJ": ("real", [10_000.0, 10_000.0, 10_000.0]), "SJNF": ("integer", [2020, 2020, 2020])}
    areas = make_vct_layer(
        "YDYHGHFQ", PARCEL_SQUARES, crs=4526, BSM=("text", PARCEL_KEYS), XZQMC=("text", ["阳曲县"] * 3), **lengths
    )
    write_vct(path, [areas, make_road_layer(700.0)], templates=load_standard().templates)
    text = path.read_bytes().decode("gbk")
    changed = re.sub(rf"^{field},.*?(?=\r)", f"{field},{declared}", text, flags=re.M)
    assert f"\n{field}," in text
    path.write_bytes(changed.encode("gbk"))
    try:
        with open_vct(path, merges_parts=True) as vct:
            for _ in vct.read_batches():
                pass
            return dict(vct.notes)
    except InputError as error:
        assert error.key.startswith("vct_") and error.params["line"] > 0
        return None


@pytest.mark.parametrize("field", ["BSM", "XZQMC", "MJ", "SJNF", "CD"])
@pytest.mark.parametrize("declared", ["Char,50", "Int,10", "Float,20,3", "Date,8", "VarChar"])
def test_vct_field_declared_as_another_type_is_refused_with_its_line_unless_its_values_can_be_read(
    tmp_path, field, declared
):
    found = import_with_field_type(tmp_path, field, declared)
    if "Char" in declared:
        assert found is not None
