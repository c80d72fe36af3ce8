# SPDX-License-Identifier: GPL-2.0-or-later
"""Forms of boundary points are data: an office adds one as a file, and errors name file and key."""

from decimal import Decimal

import pytest

from plugin.core.errors import DataError, InputError
from plugin.core.exchange.boundary_points.export_features import read_polygon_layer
from plugin.core.exchange.boundary_points.export_points import export_boundary_points
from plugin.core.exchange.boundary_points.forms import AUTOMATIC, list_form_ids, load_automatic_forms, load_form
from plugin.core.exchange.boundary_points.import_points import import_boundary_points
from plugin.core.exchange.boundary_points.messages import describe_forms
from plugin.core.exchange.boundary_points.read_points import read_boundary_points
from plugin.core.exchange.boundary_points.settings import load_settings
from plugin.paths import BOUNDARY_POINTS_FOLDER
from tests.core.boundary_point_files import EAST, HEADER, OUTER, SEPARATE, FileWriter, compute_area, place_ring
from tests.parametrize import for_each


@for_each("name", list_form_ids())
def test_each_form_loads_and_has_a_name_in_both_languages(name):
    form = load_form(name)
    assert form.id == name and form.get_title("zh") != form.get_title("en")
    assert any(line.startswith(f"{name} ") for line in describe_forms("en"))


def test_usual_form_is_tried_first_and_eastings_first_never_by_itself():
    names = [form.id for form in load_automatic_forms("text")]
    assert names[0] == "txt" and "txt_east_first" not in names


def write_form(path, *changes, source="txt"):
    """Copy a form with changes (old text, new text)."""
    text = (BOUNDARY_POINTS_FOLDER / f"{source}.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return path


#: Change of a form → key that the error names.
WRONG_FORMS = {
    "unknown key": (('kind = "text"', 'kind = "text"\ncolour = 1'), "colour"),
    "missing key": (('separator = ","\n', ""), "separator"),
    "unknown item": (('"use"', '"purpose"'), "parcel.items"),
    "repeated item": (('"use", ', '"use", "use", '), "parcel.items"),
    "no northing": (('"north", ', ""), "point.items: north"),
    "unknown closing": (('closing = "first"', 'closing = "last"'), "numbering.closing"),
    "unknown encoding": (('encoding = "GBK"', 'encoding = "BIG5"'), "encoding"),
    "unknown unit": (('area_unit = "公顷"', 'area_unit = "顷"'), "numbers.area_unit"),
    "text for a number": (("coordinate_decimals = 3", 'coordinate_decimals = "3"'), "numbers.coordinate_decimals"),
    "no end mark": (('end_mark = "@"', 'end_mark = ""'), "sections.parcels, parcel.end_mark"),
}


@pytest.mark.parametrize("case", WRONG_FORMS)
def test_wrong_form_is_an_error_with_file_and_key(case, tmp_path):
    change, key = WRONG_FORMS[case]
    path = write_form(tmp_path / "县.toml", change)
    with pytest.raises(DataError) as caught:
        load_form(str(path))
    assert caught.value.params["file"] == str(path) and caught.value.params["key"] == key


def test_unknown_form_lists_the_known_ones(tmp_path):
    for name in ("none", str(tmp_path / "none.toml"), "settings"):
        with pytest.raises(DataError, match="boundary_form_unknown") as caught:
            load_form(name)
        assert AUTOMATIC in caught.value.params["known"] and "txt_13" in caught.value.params["known"]


def test_form_of_an_office_has_another_order_and_states_datum_and_zone(tmp_path):
    form = write_form(
        tmp_path / "某县.toml",
        ('items = ["point", "ring", "north", "east"]', 'items = ["ring", "point", "east", "north"]'),
        ('["count", "area", "number", "name"', '["name", "number", "area", "count"'),
        ('end_mark = "@"', 'end_mark = "#"'),
        ("[numbering]", '[crs]\ndatum = "CGCS2000"\nzone = 38\n\n[numbering]'),
    )
    ring = place_ring(OUTER, east=EAST - 38_000_000)
    area_m2 = compute_area(ring)
    rows = [f"1,J{n % 5 + 1},{east},{north}" for n, (north, east) in enumerate([*ring, ring[0]])]
    path = tmp_path / "a.txt"
    path.write_bytes("\r\n".join(["[属性描述]", "[地块坐标]", "甲,7,,6,面,,,,#", *rows, ""]).encode("gbk"))
    file = read_boundary_points(path, form_name=str(form))
    assert file.crs.to_epsg() == 4547 and file.parcels[0].raw.values["number"] == "7"
    assert file.parcels[0].plane_m2 == pytest.approx(area_m2, abs=1e-6)
    import_boundary_points(path, tmp_path / "a.gpkg", form_name=str(form))
    layer = read_polygon_layer(str(tmp_path / "a.gpkg"), "")
    export_boundary_points(layer, tmp_path / "b.txt", form_name=str(form))
    assert (tmp_path / "b.txt").read_bytes() == path.read_bytes()
    # Where the form is missing, the usual one is written, with the names of the points.
    run = export_boundary_points(layer, tmp_path / "c.txt")
    assert [note.key for note in run.notes] == ["form_missing"] and run.form.id == "txt"
    north, east = ring[1]
    assert f"J2,1,{north},38{east}\r\n" in (tmp_path / "c.txt").read_bytes().decode("gbk")


def test_form_decides_direction_start_and_numbers_of_new_parcels(tmp_path):
    form = write_form(
        tmp_path / "某县.toml",
        ('direction = "clockwise"', 'direction = "anticlockwise"'),
        ('closing = "first"', 'closing = "none"'),
        ('prefix = "J"', 'prefix = "界"'),
        ("restarts = false", "restarts = true"),
        ("coordinate_decimals = 3", "coordinate_decimals = 2"),
        ('area_unit = "公顷"', 'area_unit = "平方米"'),
        ("area_decimals = 4", "area_decimals = 1"),
        ('line_end = "crlf"', 'line_end = "lf"'),
        ('encoding = "GBK"', 'encoding = "UTF-8"'),
    )
    writer = FileWriter()
    writer.add_parcel("甲", place_ring(SEPARATE))
    import_boundary_points(writer.write(tmp_path / "a.txt"), tmp_path / "a.gpkg")
    layer = read_polygon_layer(str(tmp_path / "a.gpkg"), "")
    layer.frame = layer.frame[["geometry"]]
    export_boundary_points(layer, tmp_path / "b.txt", form_name=str(form))
    lines = (tmp_path / "b.txt").read_text(encoding="utf-8").split("\n")
    area = Decimal(repr(compute_area(place_ring(SEPARATE))))
    assert lines[9].startswith("4,") and abs(Decimal(lines[9].split(",")[1]) - area) < 2
    assert [line.split(",")[0] for line in lines[10:]] == ["界1", "界2", "界3", "界4", ""]
    # West side first: anticlockwise from the north-west corner.
    assert lines[11].split(",")[2] == "4397451.90"


def test_words_of_the_header_are_classified():
    settings = load_settings()
    kinds = {
        "cgcs2000": (
            "2000国家大地坐标系", "CGCS2000", "国家2000坐标系", "国家2000", "cgcs 2000", "中国大地坐标系2000", "2000", "2000坐标系",
            "２０００国家大地坐标系（CGCS2000）", "国家大地坐标系（CGCS2000）", "国家大地2000坐标系", "CGCS2000_3_Degree_GK_Zone_38",
            "China Geodetic Coordinate System 2000", "GCS_China_Geodetic_Coordinate_System_2000", "CGCS", "采用2000国家大地坐标系",
        ),
        "refused": ("1980西安坐标系", "西安80坐标系", "北京54", "1954年北京坐标系", "WGS84", "Xian80"),
        "unknown": (
            "地方独立坐标系", "西安80转2000", "", "广州2000坐标系", "佛山2000独立坐标系", "2000独立坐标系", "CGCS2000城市坐标系", "2000地方坐标系",
            "2000工程坐标系", "广州2000国家大地坐标系", "深圳CGCS2000", "广州市（CGCS2000）", "12000",
        ),
    }  # fmt: skip
    for kind, values in kinds.items():
        assert {settings.classify_datum(value) for value in values} == {kind}, kind
    assert settings.find_header_meaning(" 带 号 ") == "zone" and settings.find_header_meaning("精度") == ""
    assert [settings.get_zone_width(zone) for zone in (38, 20, 24, 46)] == [3, 6, 0, 0]


def test_seven_items_and_a_mark_without_comma_are_read(tmp_path):
    ring = place_ring(OUTER)
    rows = [f"J{n % 5 + 1},1,{north},{east}" for n, (north, east) in enumerate([*ring, ring[0]])]
    path = tmp_path / "a.txt"
    for line, form in (("6,,7,甲,面,,商业,@", "txt_7"), ("6,,7,甲,面,,商业,0601@", "txt")):
        path.write_bytes("\n".join(["[属性描述]", *HEADER, "[地块坐标]", line, *rows]).encode("gbk"))
        file = read_boundary_points(path)
        assert file.form.id == form and file.parcels[0].raw.values["use"] == "商业"
        assert [note.key for note in file.notes if note.level != "info"] == []
        import_boundary_points(path, tmp_path / "a.gpkg")
        export_boundary_points(read_polygon_layer(str(tmp_path / "a.gpkg"), ""), tmp_path / "b.txt")
        assert (tmp_path / "b.txt").read_bytes() == path.read_bytes()


def test_joined_files_are_refused_with_the_line_of_the_second_one(tmp_path):
    writer = FileWriter()
    writer.add_parcel("甲", place_ring(OUTER))
    path = writer.write(tmp_path / "a.txt")
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(InputError, match=r"boundary_second_section.*'line': 17"):
        read_boundary_points(path)


def test_one_parcel_with_another_zone_number_does_not_decide_the_crs(tmp_path):
    writer = FileWriter()
    for number in range(1, 4):
        east = EAST if number == 2 else EAST - 38_000_000
        writer.add_parcel(f"地块{number}", place_ring(OUTER, east=east), number=str(number))
    file = read_boundary_points(writer.write(tmp_path / "a.txt"))
    assert file.crs.to_epsg() == 4547 and [parcel.label for parcel in file.parcels] == ["地块1", "地块3"]
    assert [note.key for note in file.notes if note.level == "error"] == ["row_extra_zone"]
