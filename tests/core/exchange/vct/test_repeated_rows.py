# SPDX-License-Identifier: GPL-2.0-or-later
"""Notes on VCT rows that contradict each other: keys, shapes, codes, areas."""

import re

import pytest
import shapely

from plugin.core.errors import InputError
from plugin.core.exchange.vct.read import open_vct
from plugin.core.exchange.vct.write import write_vct
from plugin.core.messages.texts import Texts
from plugin.core.standard import load_standard
from tests.core.vct_files import make_vct_layer

X, Y = 38_384_000.0, 4_212_000.0
PARCEL_KEYS = [f"14012210000000000{k}" for k in (1, 2, 3)]
PARCEL_SQUARES = [shapely.box(X + x, Y, X + x + 100, Y + 100) for x in (0, 100, 200)]


def write_and_collect_notes(tmp_path, *layers, join=True):
    """Write layers to VCT and read them; return the parameters of each note by its key."""
    path = tmp_path / "a.vct"
    write_vct(path, layers, templates=load_standard().templates)
    with open_vct(path, merges_parts=join) as vct:
        for _ in vct.read_batches():
            pass
        return {key: params for key, params in vct.notes if key.startswith("vct_note")}


def make_parcel_layer(shapes=PARCEL_SQUARES, keys=PARCEL_KEYS, codes=("0103", "0103", "0301")):
    return make_vct_layer("DLTB", list(shapes), crs=4526, BSM=("text", list(keys)), DLBM=("text", list(codes)))


def make_road_layer(length_m):
    line = shapely.linestrings([[X, Y], [X + 300, Y], [X + 300, Y + 400]])
    return make_vct_layer("ZXCQDLZXX", [line], crs=4526, BSM=("text", PARCEL_KEYS[:1]), CD=("real", [length_m]))


def test_valid_vct_file_gives_no_note_on_repeated_rows(tmp_path):
    assert not write_and_collect_notes(tmp_path, make_parcel_layer(), make_road_layer(700.0))


def test_repeated_feature_key_in_a_vct_file_gives_a_note(tmp_path):
    found = write_and_collect_notes(tmp_path, make_parcel_layer(keys=[PARCEL_KEYS[0], PARCEL_KEYS[1], PARCEL_KEYS[0]]))
    assert set(found) == {"vct_note_key_twice"}
    assert (found["vct_note_key_twice"]["count"], found["vct_note_key_twice"]["value"]) == (1, PARCEL_KEYS[0])


@pytest.mark.parametrize(("join", "reported"), [(True, True), (False, False)])
def test_vct_rows_that_differ_only_in_shape_give_a_note_if_read_with_joined_parts_and_else_none(
    tmp_path, join, reported
):
    distinct = [PARCEL_SQUARES[0], shapely.Point(X + 500, Y).buffer(20), PARCEL_SQUARES[2]]
    found = write_and_collect_notes(
        tmp_path,
        make_parcel_layer(distinct, [PARCEL_KEYS[0], PARCEL_KEYS[0], PARCEL_KEYS[2]], ("0103", "0103", "0301")),
        join=join,
    )
    assert ("vct_note_key_twice" in found or "vct_note_joined" in found) is reported


def test_repeated_shape_in_a_vct_file_gives_a_note(tmp_path):
    found = write_and_collect_notes(
        tmp_path, make_parcel_layer([PARCEL_SQUARES[0], PARCEL_SQUARES[1], PARCEL_SQUARES[0]])
    )
    assert set(found) == {"vct_note_shape_twice"} and found["vct_note_shape_twice"]["count"] == 1


def make_site_layer(*places):
    points = [shapely.Point(X + x, Y) for x in places]
    return make_vct_layer("WWBHDWD", points, crs=4526, BSM=("text", PARCEL_KEYS[: len(points)]))


def test_several_vct_points_at_one_position_give_a_note(tmp_path):
    assert not write_and_collect_notes(tmp_path, make_site_layer(0, 100, 200))
    found = write_and_collect_notes(tmp_path, make_site_layer(0, 0, 0))
    assert set(found) == {"vct_note_place_twice"}
    note = found["vct_note_place_twice"]
    assert note["count"] == 2 and int(note["value"]) == note["line"] - 1
    for lang in ("zh", "en"):
        assert str(note["line"]) in Texts(lang).format_notice("vct_note_place_twice", note)


def test_vct_code_that_lost_its_leading_zero_gives_a_note(tmp_path):
    found = write_and_collect_notes(tmp_path, make_parcel_layer(codes=("0103", "103", "0301")))
    assert set(found) == {"vct_note_zero_lost"}
    assert (found["vct_note_zero_lost"]["value"], found["vct_note_zero_lost"]["field"]) == ("103", "DLBM")


def test_all_vct_codes_that_lost_their_leading_zero_are_counted_in_one_note(tmp_path):
    codes = ("0103", "103", "0301", "301", "301")
    layer = make_vct_layer(
        "DLTB",
        [shapely.box(X + 200 * n, Y, X + 200 * n + 100, Y + 100) for n in range(5)],
        crs=4526,
        DLBM=("text", codes),
    )
    note = write_and_collect_notes(tmp_path, layer)["vct_note_zero_lost"]
    assert (note["count"], note["codes"], note["value"]) == (3, 2, "103, 301")


@pytest.mark.parametrize(("length_m", "reported"), [(699.0, False), (734.0, False), (740.0, True), (7.0, True)])
def test_length_field_that_differs_from_its_vct_line_gives_a_note(tmp_path, length_m, reported):
    found = write_and_collect_notes(tmp_path, make_road_layer(length_m))
    assert ("vct_note_length_differs" in found) is reported
    if reported:
        assert found["vct_note_length_differs"]["drawn"] == "700.00"


@pytest.mark.parametrize(
    ("areas", "reported"),
    [((9998.0, 9999.0, 10_000.0), False), ((10_000.0, 9985.0, 10_000.0), True), ((10_000.0, 9991.0, 10_000.0), False)],
)
def test_area_field_that_differs_from_its_shape_more_than_in_other_rows_gives_a_note(tmp_path, areas, reported):
    parcels = make_vct_layer("YDYHGHFQ", PARCEL_SQUARES, crs=4526, BSM=("text", PARCEL_KEYS), MJ=("real", list(areas)))
    found = write_and_collect_notes(tmp_path, parcels)
    assert ("vct_note_area_rows" in found) is reported
    if reported:
        note = found["vct_note_area_rows"]
        assert (note["field"], note["count"], note["value"], note["drawn"]) == ("MJ", 1, "9985.00", "10000.00")


def test_area_field_slightly_off_its_shape_among_exact_rows_gives_a_note(tmp_path):
    """Six squares of 1 km²: areas on the ellipsoid by the projection's scale at their centres, one off by 80 m²."""
    places = [(x, y) for x in (38_450_000, 38_500_000) for y in (4_380_000, 4_390_000, 4_400_000)]
    squares = [shapely.box(x, y, x + 1000, y + 1000) for x, y in places]
    earth_radius_m = 6_371_000
    exact = [1e6 / (1 + (x + 500 - 38_500_000) ** 2 / earth_radius_m**2) for x, _y in places]
    keys = [f"1402250000000000{n:02d}" for n in range(6)]

    def collect(areas):
        layer = make_vct_layer("YDYHGHFQ", squares, crs=4526, BSM=("text", keys), MJ=("real", areas))
        return write_and_collect_notes(tmp_path, layer)

    assert "vct_note_area_rows" not in collect(exact)
    found = collect([*exact[:4], exact[4] - 80, exact[5]])
    assert found["vct_note_area_rows"]["count"] == 1
    plane = [1e6] * 6
    assert "vct_note_area_rows" not in collect(plane)
    assert collect([*plane[:5], 1e6 + 80])["vct_note_area_rows"]["count"] == 1


@pytest.mark.parametrize(("area", "reported"), [(20_000.0, False), (10_000.0, True)])
def test_joined_vct_rows_give_a_note_if_their_area_field_is_that_of_one_part_not_of_the_sum(tmp_path, area, reported):
    distinct = [PARCEL_SQUARES[0], PARCEL_SQUARES[2]]
    keys = ("text", [PARCEL_KEYS[0]] * 2)
    zones = make_vct_layer("YDYHGHFQ", distinct, crs=4526, BSM=keys, MJ=("real", [area] * 2))
    found = write_and_collect_notes(tmp_path, zones)
    assert found["vct_note_joined"]["features"].endswith(f"({PARCEL_KEYS[0]})")
    assert ("vct_note_copied_row" in found) is reported
    if reported:
        for lang in ("zh", "en"):
            shown = Texts(lang).format_notice("vct_note_copied_row", found["vct_note_copied_row"])
            assert all(word in shown for word in ("YDYHGHFQ", "MJ", PARCEL_KEYS[0], "10000.00"))


def make_division_layer(*codes):
    keys = PARCEL_KEYS[: len(codes)]
    return make_vct_layer(
        "XZQXZ", PARCEL_SQUARES[: len(codes)], crs=4526, BSM=("text", keys), XZQDM=("text", list(codes))
    )


def test_county_code_among_the_township_codes_of_a_vct_division_layer_gives_a_note(tmp_path):
    assert not write_and_collect_notes(tmp_path, make_division_layer("140122100", "140122101"))
    found = write_and_collect_notes(tmp_path, make_division_layer("140122100", "140122", "140122101"))
    assert set(found) == {"vct_note_division_levels"}
    assert (found["vct_note_division_levels"]["value"], found["vct_note_division_levels"]["digits"]) == ("140122", "9")


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
    if field in ("MJ", "CD") and "Char" in declared:
        assert found["vct_note_no_number"]["field"] == field
