# SPDX-License-Identifier: GPL-2.0-or-later
"""Notes on names in VCT files that contradict their location or code."""

import pytest
import shapely

from plugin.core.exchange.vct.read import open_vct
from plugin.core.exchange.vct.write import write_vct
from plugin.core.messages.texts import Texts
from plugin.core.standard import load_standard
from tests.core.vct_files import find_line_number, make_vct_layer

X, Y = 38_384_000.0, 4_212_000.0
WEST_TOWNSHIP, EAST_TOWNSHIP = (shapely.box(X + x, Y, X + x + 100, Y + 100) for x in (0, 100))


def write_and_collect_notes(tmp_path, *layers):
    """Write layers to VCT and read them; return the parameters of each note by key, and the VCT text."""
    path = tmp_path / "a.vct"
    write_vct(path, layers, templates=load_standard().templates)
    with open_vct(path, merges_parts=True) as vct:
        for _ in vct.read_batches():
            pass
        found = {key: params for key, params in vct.notes if key.startswith("vct_note")}
    return found, path.read_bytes().decode("gbk").replace("\r\n", "\n")


def make_township_layer(names=("黄寨镇", "侯村乡")):
    keys = ["140122100000000001", "140122100000000002"]
    codes = ["140122100", "140122200"]
    columns = {"BSM": ("text", keys), "XZQDM": ("text", codes), "XZQMC": ("text", list(names))}
    return make_vct_layer("XZQXZ", [WEST_TOWNSHIP, EAST_TOWNSHIP], crs=4526, **columns)


def make_label_layer(*texts, x=(50, 150)):
    return make_vct_layer(
        "ZJ",
        shapely.points([[X + place, Y + 50] for place in x]),
        crs=4526,
        VCT_TEXT=("text", list(texts)),
        VCT_ANGLE=("real", [0.0] * len(texts)),
    )


def make_parcel_layer(villages, codes=("1401221000010000000", "1401221000010000000"), **more):
    keys = ["140122200000000001", "140122200000000002"]
    columns = {"BSM": ("text", keys), "ZLDWDM": ("text", list(codes)), "ZLDWMC": ("text", list(villages)), **more}
    return make_vct_layer("DLTB", [WEST_TOWNSHIP, EAST_TOWNSHIP], crs=4526, **columns)


def test_place_names_that_match_their_location_give_no_note(tmp_path):
    assert (
        write_and_collect_notes(
            tmp_path,
            make_township_layer(),
            make_label_layer("黄寨镇", "侯村乡"),
            make_parcel_layer(["黄寨镇上庄村", "阳曲县黄寨镇"]),
        )[0]
        == {}
    )


def test_labels_of_two_exchanged_township_names_give_a_note(tmp_path):
    found, text = write_and_collect_notes(
        tmp_path, make_township_layer(("侯村乡", "黄寨镇")), make_label_layer("黄寨镇", "侯村乡")
    )
    (note,) = found.values()
    assert list(found) == ["vct_note_label_place"] and note["count"] == 2
    assert (note["table"], note["divisions"], note["value"]) == ("ZJ", "XZQXZ", "黄寨镇 → 侯村乡")
    rows = text[: text.index("AttributeBegin")].count("\n") + 1
    assert note["line"] > rows and text.split("\n")[note["line"] - 2] == "ZJ"
    for lang in ("zh", "en"):
        message = Texts(lang).format_notice("vct_note_label_place", note)
        assert "黄寨镇" in message and str(note["line"]) in message


@pytest.mark.parametrize(("text", "x"), [("黄寨镇", 300), ("恒山", 150), ("黄寨镇", 100)])
def test_labels_unrelated_to_townships_or_outside_of_them_give_no_note(tmp_path, text, x):
    assert (
        "vct_note_label_place"
        not in write_and_collect_notes(tmp_path, make_township_layer(), make_label_layer(text, x=(x,)))[0]
    )


@pytest.mark.parametrize("village", ["阳高县龙泉镇", "大同市阳高县龙泉镇", "山西省大同市阳高县龙泉镇上庄村"])
def test_parcel_with_a_village_of_another_county_gives_a_note(tmp_path, village):
    found, text = write_and_collect_notes(tmp_path, make_parcel_layer(["黄寨镇上庄村", village]))
    note = found["vct_note_foreign_place"]
    assert (note["field"], note["other"], note["code"], note["count"]) == ("ZLDWMC", "阳高县", "140122", 1)
    assert village[:10] in text.split("\n")[note["line"] - 1]
    message = Texts("zh").format_notice("vct_note_foreign_place", note)
    assert "阳高县" in message and "140122" in message and str(note["line"]) in message


@pytest.mark.parametrize(
    ("village", "other"),
    [
        ("上海市浦东新区", "上海市"),
        ("上海市", "上海市"),
        ("河北省石家庄市", "河北省"),
        ("锡林郭勒盟二连浩特市", "锡林郭勒盟"),
    ],
)
def test_parcel_with_a_village_of_a_city_missing_in_the_list_gives_a_note(tmp_path, village, other):
    found, _ = write_and_collect_notes(tmp_path, make_parcel_layer(["黄寨镇上庄村", village]))
    note = found["vct_note_foreign_place"]
    assert (note["field"], note["other"], note["code"], note["count"]) == ("ZLDWMC", other, "140122", 1)


@pytest.mark.parametrize(
    "village", ["太原市阳曲县黄寨镇", "新市村", "东新市社区", "黄寨镇城区社区", "阳曲县开发区", "故县"]
)
def test_village_name_that_only_resembles_a_city_gives_no_note(tmp_path, village):
    assert (
        "vct_note_foreign_place"
        not in write_and_collect_notes(tmp_path, make_parcel_layer(["黄寨镇上庄村", village]))[0]
    )


def test_village_that_matches_the_county_code_of_its_parcel_gives_no_note(tmp_path):
    """Import parcels of several counties, as a file of a city has them."""
    own_codes = ("1401221000010000000", "1402211000010000000")
    assert (
        "vct_note_foreign_place"
        not in write_and_collect_notes(tmp_path, make_parcel_layer(["黄寨镇", "阳高县龙泉镇"], own_codes))[0]
    )


def test_township_name_that_contains_a_county_name_gives_no_note(tmp_path):
    assert (
        "vct_note_foreign_place"
        not in write_and_collect_notes(tmp_path, make_parcel_layer(["阳高县街道办", "城区街道"]))[0]
    )


@pytest.mark.parametrize(
    ("numbers", "codes", "reported"),
    [
        (["1", "1"], ("1401221000010000000", "1401221000010000000"), True),
        (["1", "1"], ("1401221000010000000", "1401221000020000000"), False),
        (["1", "2"], ("1401221000010000000", "1401221000010000000"), False),
    ],
    ids=["of one village", "of two villages", "two numbers"],
)
def test_parcel_number_repeated_within_one_village_gives_a_note(tmp_path, numbers, codes, reported):
    found, text = write_and_collect_notes(
        tmp_path, make_parcel_layer(["黄寨镇", "黄寨镇"], codes, TBBH=("text", numbers))
    )
    assert ("vct_note_one_number" in found) is reported
    if reported:
        assert found["vct_note_one_number"]["line"] == find_line_number(text, "DLTB") + 1


@pytest.mark.parametrize(
    ("flattening", "reported"),
    [("298.257222101", False), ("298.2572221", False), ("298.257222", False), ("298.25722", False),
     ("298.257223563", True), ("298.2572236", True), ("298.257224", True)],
)  # fmt: skip
def test_ellipsoid_flattening_that_differs_in_its_last_digit_gives_a_note(tmp_path, flattening, reported):
    path = tmp_path / "a.vct"
    write_vct(path, [make_township_layer()], templates=load_standard().templates)
    text = path.read_bytes().decode("gbk").replace("298.257222101", flattening)
    path.write_bytes(text.encode("gbk"))
    with open_vct(path) as vct:
        for _ in vct.read_batches():
            pass
        assert ("vct_note_flattening" in dict(vct.notes)) is reported


@pytest.mark.parametrize("name", ["1401o2", "I40122"])
def test_letter_in_a_numeric_code_field_gives_a_note(tmp_path, name):
    found, _ = write_and_collect_notes(
        tmp_path, make_parcel_layer(["黄寨镇", "黄寨镇"], (f"{name}1000010000000", "1401221000010000000"))
    )
    assert found["vct_note_code_letters"]["field"] == "ZLDWDM"


def test_township_names_in_other_rows_than_their_codes_give_a_note(tmp_path):
    codes = ("1401221000010000000", "1401222000010000000")
    parcels = make_parcel_layer(["黄寨镇上庄村", "侯村乡下庄村"], codes)
    assert write_and_collect_notes(tmp_path, make_township_layer(), parcels)[0] == {}
    found, text = write_and_collect_notes(tmp_path, make_township_layer(("侯村乡", "黄寨镇")), parcels)
    note = found["vct_note_township_name"]
    assert list(found) == ["vct_note_township_name"] and (note["table"], note["count"]) == ("XZQXZ", 2)
    assert note["value"] == "140122100 侯村乡 → 黄寨镇上庄村"
    assert "侯村乡" in text.split("\n")[note["line"] - 1]
    for lang in ("zh", "en"):
        assert "侯村乡" in Texts(lang).format_notice("vct_note_township_name", note)


@pytest.mark.parametrize(
    "villages",
    [
        ["上庄村", "下庄村"],
        ["开发区", ""],
        # Both names: a village that is called like the other township.
        ["黄寨镇侯村乡村", "侯村乡下庄村"],
    ],
)
def test_villages_without_the_name_of_another_township_give_no_note(tmp_path, villages):
    parcels = make_parcel_layer(villages, ("1401221000010000000", "1401222000010000000"))
    assert "vct_note_township_name" not in write_and_collect_notes(tmp_path, make_township_layer(), parcels)[0]


def test_names_in_traditional_characters_give_a_note(tmp_path):
    found, _ = write_and_collect_notes(tmp_path, make_township_layer(("黄寨鎮", "侯村鄉")))
    note = found["vct_note_traditional"]
    assert (note["field"], note["count"], note["value"]) == ("XZQMC", 2, "黄寨鎮")
    for lang in ("zh", "en"):
        assert "黄寨鎮" in Texts(lang).format_notice("vct_note_traditional", note)


@pytest.mark.parametrize(("codes", "is_noted"), [((None, None), True), (("1401221000010000000", None), False)])
def test_name_field_with_an_empty_code_field_gives_a_note(tmp_path, codes, is_noted):
    owners = {"QSDWDM": ("text", list(codes)), "QSDWMC": ("text", ["黄寨镇上庄村", None])}
    found, _ = write_and_collect_notes(tmp_path, make_parcel_layer(["黄寨镇上庄村", "黄寨镇下庄村"], **owners))
    assert ("vct_note_name_only" in found) is is_noted
    if is_noted:
        note = found["vct_note_name_only"]
        assert (note["field"], note["code"], note["count"]) == ("QSDWMC", "QSDWDM", 1)
        assert "QSDWDM" in Texts("zh").format_notice("vct_note_name_only", note)
