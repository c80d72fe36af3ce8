# SPDX-License-Identifier: GPL-2.0-or-later
"""A file whose rows contradict each other is imported with a note: repeated keys and shapes, lost zeros, wrong lengths."""

import re

import pytest
import shapely

from plugin.core.errors import InputError
from plugin.core.exchange.vct.read import open_vct
from plugin.core.exchange.vct.write import write_vct
from plugin.core.messages.texts import Texts
from plugin.core.standard import load_standard
from tests.core.vct_files import layer

X, Y = 38_384_000.0, 4_212_000.0
KEYS = [f"14012210000000000{k}" for k in (1, 2, 3)]
SQUARES = [shapely.box(X + x, Y, X + x + 100, Y + 100) for x in (0, 100, 200)]


def notes(tmp_path, *layers, join=True):
    path = tmp_path / "a.vct"
    write_vct(path, layers, templates=load_standard().templates)
    with open_vct(path, join=join) as vct:
        for _ in vct.batches():
            pass
        return {key: params for key, params in vct.notes if key.startswith("vct_note")}


def zones(shapes=SQUARES, keys=KEYS, codes=("0103", "0103", "0301")):
    return layer("DLTB", list(shapes), crs=4526, BSM=("text", list(keys)), DLBM=("text", list(codes)))


def road(length_m):
    line = shapely.linestrings([[X, Y], [X + 300, Y], [X + 300, Y + 400]])
    return layer("ZXCQDLZXX", [line], crs=4526, BSM=("text", KEYS[:1]), CD=("real", [length_m]))


def test_a_sound_file_has_no_note(tmp_path):
    assert not notes(tmp_path, zones(), road(700.0))


def test_a_key_that_an_earlier_row_has(tmp_path):
    found = notes(tmp_path, zones(keys=[KEYS[0], KEYS[1], KEYS[0]]))
    assert set(found) == {"vct_note_key_twice"}
    assert (found["vct_note_key_twice"]["count"], found["vct_note_key_twice"]["value"]) == (1, KEYS[0])


@pytest.mark.parametrize(("join", "reported"), [(True, True), (False, False)])
def test_a_row_that_copies_the_row_before_is_no_part_of_it_where_parts_are_joined(tmp_path, join, reported):
    apart = [SQUARES[0], shapely.Point(X + 500, Y).buffer(20), SQUARES[2]]
    found = notes(tmp_path, zones(apart, [KEYS[0], KEYS[0], KEYS[2]], ("0103", "0103", "0301")), join=join)
    assert ("vct_note_key_twice" in found or "vct_note_joined" in found) is reported


def test_a_shape_that_an_earlier_feature_has(tmp_path):
    found = notes(tmp_path, zones([SQUARES[0], SQUARES[1], SQUARES[0]]))
    assert set(found) == {"vct_note_shape_twice"} and found["vct_note_shape_twice"]["count"] == 1


def sites(*places):
    points = [shapely.Point(X + x, Y) for x in places]
    return layer("WWBHDWD", points, crs=4526, BSM=("text", KEYS[: len(points)]))


def test_points_on_one_place(tmp_path):
    assert not notes(tmp_path, sites(0, 100, 200))
    found = notes(tmp_path, sites(0, 0, 0))
    assert set(found) == {"vct_note_place_twice"}
    note = found["vct_note_place_twice"]
    assert note["count"] == 2 and int(note["value"]) == note["line"] - 1
    for lang in ("zh", "en"):
        assert str(note["line"]) in Texts(lang).notice("vct_note_place_twice", note)


def test_a_code_without_its_first_zero(tmp_path):
    found = notes(tmp_path, zones(codes=("0103", "103", "0301")))
    assert set(found) == {"vct_note_zero_lost"}
    assert (found["vct_note_zero_lost"]["value"], found["vct_note_zero_lost"]["field"]) == ("103", "DLBM")


@pytest.mark.parametrize(("length_m", "reported"), [(699.0, False), (734.0, False), (740.0, True), (7.0, True)])
def test_a_length_that_is_not_that_of_its_line(tmp_path, length_m, reported):
    found = notes(tmp_path, road(length_m))
    assert ("vct_note_length_differs" in found) is reported
    if reported:
        assert found["vct_note_length_differs"]["drawn"] == "700.00"


@pytest.mark.parametrize(
    ("areas", "reported"),
    [((9998.0, 9999.0, 10_000.0), False), ((10_000.0, 9985.0, 10_000.0), True), ((10_000.0, 9991.0, 10_000.0), False)],
)
def test_an_area_that_fits_its_shape_worse_than_the_others(tmp_path, areas, reported):
    zones = layer("YDYHGHFQ", SQUARES, crs=4526, BSM=("text", KEYS), MJ=("real", list(areas)))
    found = notes(tmp_path, zones)
    assert ("vct_note_area_rows" in found) is reported
    if reported:
        note = found["vct_note_area_rows"]
        assert (note["field"], note["count"], note["value"], note["drawn"]) == ("MJ", 1, "9985.00", "10000.00")


def divisions(*codes):
    keys = KEYS[: len(codes)]
    return layer("XZQXZ", SQUARES[: len(codes)], crs=4526, BSM=("text", keys), XZQDM=("text", list(codes)))


def test_a_division_of_another_level(tmp_path):
    assert not notes(tmp_path, divisions("140122100", "140122101"))
    found = notes(tmp_path, divisions("140122100", "140122", "140122101"))
    assert set(found) == {"vct_note_division_levels"}
    assert (found["vct_note_division_levels"]["value"], found["vct_note_division_levels"]["digits"]) == ("140122", "9")


def retyped(tmp_path, field, declared):
    """Import parcels and a road whose field is declared as another type; the notes by key, None where it is refused."""
    path = tmp_path / "a.vct"
    lengths = {"MJ": ("real", [10_000.0, 10_000.0, 10_000.0]), "SJNF": ("integer", [2020, 2020, 2020])}
    areas = layer("YDYHGHFQ", SQUARES, crs=4526, BSM=("text", KEYS), XZQMC=("text", ["阳曲县"] * 3), **lengths)
    write_vct(path, [areas, road(700.0)], templates=load_standard().templates)
    text = path.read_bytes().decode("gbk")
    changed = re.sub(rf"^{field},.*?(?=\r)", f"{field},{declared}", text, flags=re.M)
    assert f"\n{field}," in text
    path.write_bytes(changed.encode("gbk"))
    try:
        with open_vct(path, join=True) as vct:
            for _ in vct.batches():
                pass
            return dict(vct.notes)
    except InputError as error:
        assert error.key.startswith("vct_") and error.params["line"] > 0
        return None


@pytest.mark.parametrize("field", ["BSM", "XZQMC", "MJ", "SJNF", "CD"])
@pytest.mark.parametrize("declared", ["Char,50", "Int,10", "Float,20,3", "Date,8", "VarChar"])
def test_a_field_of_another_type_is_read_or_refused_with_its_line(tmp_path, field, declared):
    found = retyped(tmp_path, field, declared)
    if field in ("MJ", "CD") and "Char" in declared:
        assert found["vct_note_no_number"]["field"] == field
