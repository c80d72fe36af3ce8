# SPDX-License-Identifier: GPL-2.0-or-later
"""Boundary-point files are read with their areas, and exported again as they were written."""

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from hypothesis import example, given, settings, strategies as st
from pyproj import CRS
from shapely.geometry import Polygon

from plugin.core.base.errors import NEVER_CANCELLED, Cancellation, Cancelled, DataError, InputError, OutputError
from plugin.core.base.files.data import list_data_ids
from plugin.core.exchange.boundary_points.boundary_point_sentences import (
    describe_export,
    describe_import,
)
from plugin.core.exchange.boundary_points.export_points import export_boundary_points, read_polygon_layer
from plugin.core.exchange.boundary_points.forms import (
    AUTOMATIC,
    find_meaning,
    load_automatic_forms,
    load_form,
    load_settings,
)
from plugin.core.exchange.boundary_points.import_points import (
    import_boundary_points,
    is_boundary_point_file,
    read_boundary_points,
)
from plugin.core.exchange.boundary_points.stored import LAYER_NAME, RECORD_FIELD
from plugin.core.plan.layer import SourceLayer
from plugin.core.standard.messages.texts import Texts
from plugin.paths import BOUNDARY_POINTS_FOLDER
from tests.core.boundary_point_files import (
    EAST,
    HEADER,
    HOLE,
    NORTH,
    OUTER,
    SEPARATE,
    FileWriter,
    compute_area,
    format_hectares,
    place_ring,
    write_two_parcels,
)
from tests.county.measure import statutory_area
from tests.parametrize import for_each

REAL = Path(__file__).parents[2] / "data" / "boundary_points"
REAL_FILES = sorted(REAL.glob("*.txt"))
EAST_WITHOUT_NUMBER = EAST - 38_000_000


def list_keys(notes, level=None):
    """Return the keys of notes, which can be rendered in both languages."""
    assert all(note.render(Texts(lang)) for note in notes for lang in ("zh", "en"))
    return [note.key for note in notes if level in (None, note.level)]


def read_points_of(path):
    """Return (declared area, points) of a real file by the simplest means."""
    lines = path.read_text(encoding="utf-8").splitlines()
    parcel = lines.index("[地块坐标]") + 1
    points = [tuple(line.split(",")[2:4]) for line in lines[parcel + 1 :]]
    return lines[parcel].split(",")[1], points


def round_trip(source, tmp_path, name="出.txt", **options):
    """Import a file, export the layer, and return the path of the new file."""
    layer, target = tmp_path / "层.gpkg", tmp_path / name
    import_boundary_points(source, layer, **options)
    export_boundary_points(read_polygon_layer(str(layer), ""), target)
    return target


@pytest.mark.parametrize("path", REAL_FILES, ids=lambda path: path.stem)
def test_real_file_has_the_area_that_shapely_computes_and_its_author_declared(path):
    file = read_boundary_points(path)
    declared, points = read_points_of(path)
    (parcel,) = file.parcels
    area_m2 = compute_area(points)
    assert file.crs.to_epsg() == 4526 and list_keys(file.notes, "warning") == list_keys(file.notes, "error") == []
    assert parcel.plane_m2 == pytest.approx(area_m2, abs=1e-6)
    assert parcel.statutory_m2 == pytest.approx(statutory_area([parcel.shape])[0], abs=0.005)
    assert (parcel.declared_m2 is None) == (path.stem == "plot_000")
    assert not declared or Decimal(declared) == Decimal(format_hectares(area_m2))
    assert 0 < (parcel.plane_m2 - parcel.statutory_m2) / parcel.plane_m2 < 5e-4


@pytest.mark.parametrize("path", REAL_FILES, ids=lambda path: path.stem)
def test_real_file_is_exported_byte_by_byte_and_never_changed(path, tmp_path):
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    assert round_trip(path, tmp_path).read_bytes() == path.read_bytes()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


class Variant(NamedTuple):
    """A habit in which offices write boundary points."""

    writer: Mapping = MappingProxyType({})
    #: Names of the rings of each parcel.
    parcels: tuple = (("outer",),)
    #: How the file is stored.
    stored: Mapping = MappingProxyType({})
    #: EPSG code of the file.
    crs: int = 4526


RINGS = {
    "outer": place_ring(OUTER),
    "hole": place_ring(HOLE),
    "separate": place_ring(SEPARATE),
    "unnumbered": place_ring(OUTER, east=EAST_WITHOUT_NUMBER),
    "6°": place_ring(OUTER, east=Decimal("20472109.379")),
}
MORE_HEADER_LINES = ("格式版本号=1.01版本", "数据产生单位=测绘院", "数据产生日期=2026-11-20", *HEADER)
HEADER_OF_6_DEGREES = tuple(line.replace("分带=3", "分带=6").replace("=38", "=20") for line in HEADER)
WITH_HOLE = (("outer", "hole"),)
VARIANTS = {
    "GBK with crlf": Variant(),
    "UTF-8 with lf": Variant(stored={"encoding": "utf-8", "line_end": "\n", "ends": False}),
    "UTF-8 with a byte order mark": Variant(stored={"encoding": "utf-8-sig"}),
    "UTF-16": Variant(stored={"encoding": "utf-16"}),
    "without zone number": Variant(parcels=(("unnumbered",),), crs=4547),
    "closing point has the next number": Variant({"closing": "next"}),
    "closing points do not count": Variant({"closing": "next", "counts_closing": False}, WITH_HOLE),
    "first name closes and does not count": Variant({"counts_closing": False}),
    "hole with running numbers": Variant(parcels=WITH_HOLE),
    "hole that begins with 1": Variant({"restarts": True}, WITH_HOLE),
    "several parcels with blank items": Variant({"items": (" ", "", " ")}, (*WITH_HOLE, ("separate",))),
    "thirteen items": Variant({"items": ("I50G001", "13", "0601", "", "", "3", "4", "备注")}),
    "more header lines and full-width brackets": Variant(
        {"header": MORE_HEADER_LINES, "sections": ("【属性描述】", "【地块坐标】")}
    ),
    "unit in the cell": Variant({"area_unit": "公顷"}),
    "without closing points": Variant({"closing": "none"}),
    "numbers without J": Variant({"prefix": ""}),
    "6° zone": Variant({"header": HEADER_OF_6_DEGREES}, (("6°",),), crs=4498),
}
EXPECTED_WARNINGS = {"without closing points": ["not_closed"], "6° zone": ["six_degree"]}


@pytest.mark.parametrize("name", VARIANTS)
def test_variant_has_the_declared_area_and_is_exported_byte_by_byte(name, tmp_path):
    path = tmp_path / "地块.txt"
    variant = VARIANTS[name]
    writer = FileWriter(**variant.writer)
    areas = [
        writer.add_parcel(f"地块{n}", *(RINGS[ring] for ring in rings), number=str(n))
        for n, rings in enumerate(variant.parcels, 1)
    ]
    writer.write(path, **variant.stored)
    file = read_boundary_points(path)
    assert list_keys(file.notes, "error") == [] and list_keys(file.notes, "warning") == EXPECTED_WARNINGS.get(name, [])
    assert file.crs.to_epsg() == variant.crs and file.parcel_count == len(areas)
    for parcel, area_m2 in zip(file.parcels, areas, strict=True):
        assert parcel.plane_m2 == pytest.approx(area_m2, abs=1e-6)
        assert format_hectares(parcel.declared_m2) == format_hectares(area_m2)
    assert round_trip(path, tmp_path).read_bytes() == path.read_bytes()


def test_ring_outside_the_first_is_another_part_and_a_ring_in_a_hole_too(tmp_path):
    outer, hole, separate = (place_ring(offsets) for offsets in (OUTER, HOLE, SEPARATE))
    island = place_ring((("-70", "90"), ("-80", "90"), ("-80", "100"), ("-70", "100")))
    writer = FileWriter()
    area_m2 = writer.add_parcel("地块", outer, hole, parts=(separate, island))
    path = writer.write(tmp_path / "a.txt")
    (parcel,) = read_boundary_points(path).parcels
    assert parcel.plane_m2 == pytest.approx(area_m2, abs=1e-6) and parcel.shape.geom_type == "MultiPolygon"
    assert round_trip(path, tmp_path).read_bytes() == path.read_bytes()


def test_layer_has_attributes_and_areas_in_square_metres(tmp_path):
    writer = FileWriter(items=("I50G001", "13", "0601"))
    area_m2 = writer.add_parcel("地块甲", place_ring(OUTER), area="0.5000")
    run = import_boundary_points(writer.write(tmp_path / "a.txt"), tmp_path / "a.gpkg")
    row = pyogrio.read_dataframe(tmp_path / "a.gpkg", layer=LAYER_NAME).iloc[0]
    assert (row["DKMC"], row["TFH"], row["DKYT"], row["DLBM"], row["JZDS"]) == ("地块甲", "I50G001", "13", "0601", 6)
    assert row["SBMJ"] == 5000 and row["PMMJ"] == pytest.approx(area_m2)
    assert row["MJC"] == pytest.approx(5000 - area_m2) and row["TQMJ"] == pytest.approx(area_m2, rel=1e-3)
    assert list_keys(run.file.notes, "warning") == ["area"]
    texts = " ".join(line.text for line in describe_import(run, "zh"))
    assert "a.txt，第 10 行，地块“地块甲”：申报面积 0.5000 公顷" in texts and "图斑椭球面积" in texts


def list_lines(path):
    return path.read_bytes().decode("gbk").split("\r\n")


def change_line(path, number, text):
    """Replace a line, counted from 1."""
    lines = list_lines(path)
    lines[number - 1] = text
    path.write_bytes("\r\n".join(lines).encode("gbk"))
    return path


@pytest.fixture
def two_parcels(tmp_path):
    return write_two_parcels(tmp_path / "项目.txt")


#: Bad line of the first parcel → key of the note and line that it names. The second parcel is read.
BAD_LINES = {
    "swapped columns": (12, "J2,1,38472290.065,4397562.228", "row_swapped", 12),
    "another zone": (13, "J3,1,4397448.654,37472444.939", "row_zone", 13),
    "no zone number": (13, "J3,1,4397448.654,472444.939", "row_no_zone", 13),
    "outside China": (13, "J3,1,7397448.654,38472444.939", "row_outside", 13),
    "not a number": (13, "J3,1,43974x8.654,38472444.939", "row_number", 13),
    "empty cell": (13, "J3,1,,38472444.939", "row_empty", 13),
    "thousands separators": (13, "J3,1,4,397,448.654,38,472,444.939", "row_thousands", 13),
    "missing item": (13, "J3,4397448.654,38472444.939", "row_cells", 13),
    "closing point elsewhere": (16, "J1,1,4397551.903,38472109.380", "closing_differs", 16),
    "kind is a line": (10, "6,7.6462,1,甲,线,,,,@", "kind", 10),
}


@pytest.mark.parametrize("case", BAD_LINES)
def test_bad_line_is_reported_with_its_number_and_the_other_parcel_is_read(case, two_parcels):
    number, text, key, line = BAD_LINES[case]
    file = read_boundary_points(change_line(two_parcels, number, text))
    (note,) = [note for note in file.notes if note.key == key]
    assert note.level == "error" and note.place.line == line and note.parcel == "甲"
    assert f"第 {line} 行，地块“甲”：" in note.render(Texts("zh")) and list_keys(file.notes)
    assert [parcel.raw.label for parcel in file.parcels] == ["乙"] and file.parcel_count == 2


def test_crossing_ring_names_both_edges(two_parcels):
    lines = list_lines(two_parcels)
    (a, first), (b, second), (c, third) = [line.split(",", 1) for line in lines[11:14]]
    lines[11:14] = [f"{a},{second}", f"{b},{first}", f"{c},{third}"]
    two_parcels.write_bytes("\r\n".join(lines).encode("gbk"))
    (note,) = [note for note in read_boundary_points(two_parcels).notes if note.level == "error"]
    assert note.key == "crossing" and note.place.line > note.params["line"]


def test_hole_that_crosses_the_outer_ring_names_both_rings(tmp_path):
    writer = FileWriter()
    crossing = place_ring((("-60", "80"), ("-60", "500"), ("-70", "500"), ("-70", "80")))
    writer.lines += ["12,,1,甲,面,,,,@"]
    for number, ring in enumerate((place_ring(OUTER), crossing), 1):
        writer.lines += [f"J{n},{number},{north},{east}" for n, (north, east) in enumerate([*ring, ring[0]], 1)]
    path = writer.write(tmp_path / "a.txt")
    with pytest.raises(InputError) as caught:
        import_boundary_points(path, tmp_path / "a.gpkg")
    assert caught.value.key == "boundary_none_readable" and not (tmp_path / "a.gpkg").exists()
    assert "圈 2" in Texts("zh").explain_error(caught.value)
    (note,) = [note for note in read_boundary_points(path).notes if note.level == "error"]
    assert note.key == "rings_crossing" and {note.params["ring"], note.params["other_ring"]} == {"1", "2"}


#: Change of the lines → errors, warnings (None: any), labels of the parcels that are read.
CHANGED_LINES = {
    # Sorting by number is the remedy.
    "wrong order": (lambda one: [*one[:12], one[13], one[12], *one[14:]], ["crossing_order"], None, ["乙"]),
    "doubled point, no name, wrong count": (
        lambda one: [*one[:9], one[9].replace(",甲,", ",,").replace("6,", "9,", 1), *one[10:12], *one[11:]],
        [],
        ["count", "doubled", "no_name", "order"],
        ["1", "乙"],
    ),
    "full-width commas, no end mark": (
        lambda one: [*one[:9], one[9].removesuffix(",@"), one[10], one[11].replace(",", "，"), *one[12:]],
        [],
        ["full_width", "no_end_mark"],
        ["甲", "乙"],
    ),
    # They belong to the ring above.
    "two empty ring numbers": (
        lambda one: [*one[:11], *(line.replace(",1,", ",,") for line in one[11:13]), *one[13:]],
        [],
        ["ring_empty"],
        ["甲", "乙"],
    ),
}


@pytest.mark.parametrize(("change", "errors", "warnings", "labels"), CHANGED_LINES.values(), ids=CHANGED_LINES)
def test_points_in_disorder_are_named_and_other_slips_are_read_with_a_warning(
    two_parcels, change, errors, warnings, labels
):
    two_parcels.write_bytes("\r\n".join(change(list_lines(two_parcels))).encode("gbk"))
    file = read_boundary_points(two_parcels)
    assert list_keys(file.notes, "error") == errors and [parcel.raw.label for parcel in file.parcels] == labels
    assert sorted(list_keys(file.notes, "warning")) == warnings or (
        warnings is None and "order" in list_keys(file.notes)
    )
    assert [note.params["count"] for note in file.notes if note.key == "ring_empty"] == [2] * (
        warnings == ["ring_empty"]
    )


def test_declared_area_in_another_unit_is_named(tmp_path):
    writer = FileWriter()
    area_m2 = compute_area(place_ring(OUTER))
    writer.add_parcel("甲", place_ring(OUTER), area=f"{area_m2:.2f}")
    (note,) = [n for n in read_boundary_points(writer.write(tmp_path / "a.txt")).notes if n.level == "warning"]
    assert note.key == "area_unit" and note.params["other"] == "平方米"


#: Header, east of the points, CRS that is given → error; None if the file is read.
CRS_CASES = {
    "西安80": ({"坐标系": "1980西安坐标系"}, EAST, "", "boundary_datum"),
    "西安80 with a CRS": ({"坐标系": "西安80"}, EAST, "EPSG:4526", "boundary_datum"),
    "北京54": ({"坐标系": "北京54坐标系"}, EAST, "", "boundary_datum"),
    "no datum": ({"坐标系": ""}, EAST, "", "boundary_crs_not_stated"),
    "local datum": ({"坐标系": "地方独立坐标系"}, EAST, "", "boundary_crs_not_stated"),
    "datum of a city": ({"坐标系": "广州2000坐标系"}, EAST, "", "boundary_crs_not_stated"),
    "datum of a city, CRS given": ({"坐标系": "广州2000坐标系"}, EAST, "EPSG:4526", None),
    "no datum, CRS given": ({"坐标系": ""}, EAST, "EPSG:4526", None),
    "no zone anywhere": ({"带号": ""}, EAST_WITHOUT_NUMBER, "", "boundary_zone_not_stated"),
    "no zone, CRS given": ({"带号": ""}, EAST_WITHOUT_NUMBER, "EPSG:4547", None),
    "zone only in eastings": ({"带号": ""}, EAST, "", None),
    "another zone in the header": ({"带号": "37"}, EAST, "", "boundary_zone_contradiction"),
    "another zone in the header, CRS given": ({"带号": "37"}, EAST, "EPSG:4526", None),
    "6° and zone 38": ({"几度分带": "6"}, EAST, "", "boundary_zone_width"),
    "3° and zone 20": ({"带号": "20"}, Decimal("20472109.379"), "", "boundary_zone_width"),
    "given CRS of another zone": ({}, EAST, "EPSG:4525", "boundary_crs_contradiction"),
    "given CRS with number": ({}, EAST_WITHOUT_NUMBER, "EPSG:4526", "boundary_crs_no_number"),
    "given CRS against the header": ({}, EAST_WITHOUT_NUMBER, "EPSG:4548", "boundary_crs_header"),
    "given CRS in degrees": ({}, EAST, "EPSG:4490", "boundary_crs_unusable"),
    "given CRS of 西安80": ({}, EAST, "EPSG:2362", "boundary_crs_unusable"),
    "unknown CRS": ({}, EAST, "三度带", "boundary_crs_unknown"),
    "unit is millimetre": ({"计量单位": "度"}, EAST, "", "boundary_unit"),
    "Mercator": ({"投影类型": "墨卡托"}, EAST, "", "boundary_projection"),
}


@pytest.mark.parametrize("case", CRS_CASES)
def test_crs_is_asked_for_and_never_guessed(case, tmp_path):
    header, east, crs, key = CRS_CASES[case]
    pairs = dict(line.split("=", 1) for line in HEADER) | header
    writer = FileWriter(header=tuple(f"{name}={value}" for name, value in pairs.items()))
    writer.add_parcel("甲", place_ring(OUTER, east=east))
    path = writer.write(tmp_path / "a.txt")
    if key is None:
        assert len(read_boundary_points(path, crs_text=crs).parcels) == 1
        return
    with pytest.raises(InputError) as caught:
        read_boundary_points(path, crs_text=crs)
    assert caught.value.key == key
    assert all(Texts(lang).explain_error(caught.value) for lang in ("zh", "en"))


def test_mixed_zones_without_a_stated_one_are_asked_for_and_then_left_out(tmp_path):
    writer = FileWriter(header=tuple(line for line in HEADER if "带号" not in line))
    writer.add_parcel("甲", place_ring(OUTER))
    writer.add_parcel("乙", place_ring(SEPARATE, east=EAST + 1_000_000), number="2")
    path = writer.write(tmp_path / "a.txt")
    with pytest.raises(InputError, match="boundary_zones_mixed"):
        read_boundary_points(path)
    file = read_boundary_points(path, crs_text="EPSG:4526")
    assert [parcel.raw.label for parcel in file.parcels] == ["甲"] and list_keys(file.notes, "error") == ["row_zone"]


def test_file_with_all_columns_swapped_is_read_only_in_the_form_with_eastings_first(tmp_path):
    writer = FileWriter()
    area_m2 = writer.add_parcel("甲", [(east, north) for north, east in place_ring(OUTER)])
    path = writer.write(tmp_path / "a.txt")
    with pytest.raises(InputError, match="boundary_swapped"):
        read_boundary_points(path)
    (parcel,) = read_boundary_points(path, form_name="txt_east_first").parcels
    assert parcel.plane_m2 == pytest.approx(area_m2, abs=1e-6)
    assert round_trip(path, tmp_path, form_name="txt_east_first").read_bytes() == path.read_bytes()


def test_degrees_garbled_text_and_other_files_are_refused(tmp_path):
    writer = FileWriter()
    writer.lines += ["5,,1,甲,面,,,,@", *(f"J{n},1,39.{n}5,113.{n * n}5" for n in range(1, 5))]
    path = writer.write(tmp_path / "a.txt")
    with pytest.raises(InputError, match="boundary_degrees"):
        read_boundary_points(path)
    path.write_bytes("[属性描述]\n坐标系=".encode("gbk") + b"\xff\xfe\x80\n")
    with pytest.raises(InputError, match=r"boundary_encoding.*'line': 1"):
        read_boundary_points(path)
    lines = FileWriter().lines
    path.write_text("\n".join(lines).encode().decode("gb18030", errors="replace"), encoding="utf-8")
    with pytest.raises(InputError, match=r"boundary_garbled.*'line': 1"):
        read_boundary_points(path)
    path.write_text("会议记录\n", encoding="utf-8")
    with pytest.raises(InputError, match="boundary_not_points"):
        read_boundary_points(path)
    with pytest.raises(InputError, match="source_missing"):
        read_boundary_points(tmp_path / "none.txt")


def test_file_without_a_readable_point_lists_the_reasons(tmp_path):
    lines = FileWriter(header=HEADER[:1]).lines
    bodies = {
        "第 4 行：地块行以前有 2 行内容": ["J1,1,4397551.903,38472109.379", "J2,1,4397562.228,38472290.065"],
        "第 4 行，地块“甲”：没有界址点": ["4,1.0,1,甲,面,,,,@"],
        "第 5 行，地块“甲”：第 3 项“x”不是数": ["4,1.0,1,甲,面,,,,@", "J1,1,x,38472109.379"],
    }
    for reason, body in bodies.items():
        path = tmp_path / "a.txt"
        path.write_text("\n".join([*lines, *body]), encoding="utf-8")
        with pytest.raises(InputError, match="boundary_no_points") as caught:
            read_boundary_points(path)
        assert reason in Texts("zh").explain_error(caught.value)


def test_points_without_sections_need_a_crs_and_are_parcels_by_closed_rings(tmp_path):
    outer, hole, separate = (place_ring(offsets) for offsets in (OUTER, HOLE, SEPARATE))
    lines = []
    for ring_number, ring in ((1, outer), (2, hole), (1, separate)):
        lines += [f"J{n},{ring_number},{x},{y}" for n, (x, y) in enumerate(ring, 1)]
        lines.append(f"J1,{ring_number},{ring[0][0]},{ring[0][1]}")
    path = tmp_path / "点.txt"
    path.write_bytes("\n".join(lines).encode())
    with pytest.raises(InputError, match="boundary_crs_not_stated"):
        read_boundary_points(path)
    file = read_boundary_points(path, crs_text="EPSG:4526")
    areas = [parcel.plane_m2 for parcel in file.parcels]
    assert areas == pytest.approx([compute_area(outer, hole), compute_area(separate)], abs=1e-6)
    assert round_trip(path, tmp_path, crs_text="EPSG:4526").read_bytes() == path.read_bytes()


# --- tables

HEADINGS = ("地块编号", "地块名称", "面积（公顷）", "点号", "圈号", "X坐标（北）", "Y坐标（东）")


def list_table_rows(area_column="面积（公顷）"):
    outer, hole, separate = (place_ring(offsets) for offsets in (OUTER, HOLE, SEPARATE))
    rows = []
    for number, (name, *rings) in enumerate((("甲", outer, hole), ("乙", separate)), 1):
        area = format_hectares(compute_area(*rings))
        for ring_number, ring in enumerate(rings, 1):
            for n, (north, east) in enumerate([*ring, ring[0]]):
                point = f"J{n % len(ring) + 1}"
                rows.append((str(number), name, area, point, str(ring_number), north, east))
    return rows


def write_csv(path, rows, encoding="gbk", above=("坐标系：2000国家大地坐标系",)):
    lines = [*above, ",".join(HEADINGS), *(",".join(row) for row in rows)]
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path


def write_workbook(path, rows, merges=True):
    """Write points as numbers, the names of parcels merged, as offices do."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "成果表"
    sheet.append(["界址点成果表"])
    sheet.merge_cells("A1:G1")
    sheet.append(["坐标系", "2000国家大地坐标系", "", "带号：38"])
    sheet.append(HEADINGS)
    first_row = 4
    for number, row in enumerate(rows, first_row):
        sheet.append([*row[:5], float(row[5]), float(row[6])])
        sheet.cell(number, 6).number_format = sheet.cell(number, 7).number_format = "0.00"
    if merges:
        start = first_row
        for number in range(first_row, first_row + len(rows)):
            if number + 1 == first_row + len(rows) or sheet.cell(number + 1, 2).value != sheet.cell(start, 2).value:
                for column in "ABC":
                    sheet.merge_cells(f"{column}{start}:{column}{number}")
                start = number + 1
    book.save(path)
    return path


def check_table_file(path, tmp_path, **options):
    file = read_boundary_points(path, **options)
    outer, hole, separate = (place_ring(offsets) for offsets in (OUTER, HOLE, SEPARATE))
    assert [parcel.raw.label for parcel in file.parcels] == ["甲", "乙"] and list_keys(file.notes, "error") == []
    assert [parcel.plane_m2 for parcel in file.parcels] == pytest.approx(
        [compute_area(outer, hole), compute_area(separate)], abs=1e-6
    )
    assert "area" not in list_keys(file.notes) and file.crs.to_epsg() == 4526
    again = read_boundary_points(round_trip(path, tmp_path, name=f"出{path.suffix}", **options))
    rows, rows_again = ([row for one in f.parcels for row in one.raw.rows] for f in (file, again))
    assert [(r.name, r.ring, r.north_text, r.east_text) for r in rows_again] == [
        (r.name, r.ring, r.north_text, r.east_text) for r in rows
    ]
    assert [p.raw.values for p in again.parcels] == [
        {item: p.raw.values.get(item, "") for item in again.form.parcel.items} for p in file.parcels
    ]
    return file


@pytest.mark.parametrize("encoding", ["gbk", "utf-8-sig"])
def test_csv_table_is_read_by_its_headings_and_exported_to_the_last_digit(encoding, tmp_path):
    check_table_file(write_csv(tmp_path / "表.csv", list_table_rows(), encoding), tmp_path)


def test_workbook_with_merged_cells_keeps_digits_that_its_format_hides(tmp_path):
    check_table_file(write_workbook(tmp_path / "表.xlsx", list_table_rows()), tmp_path)


def test_cells_of_a_workbook_are_named_and_the_other_parcel_is_read(tmp_path):
    path = write_workbook(tmp_path / "表.xlsx", list_table_rows(), merges=False)
    book = openpyxl.load_workbook(path)
    book.active["G6"] = None
    book.save(path)
    file = read_boundary_points(path)
    note = next(note for note in file.notes if note.key == "row_empty")
    assert note.place.cell == "G6" and [parcel.raw.label for parcel in file.parcels] == ["乙"]
    book.active["G6"] = 1
    book.active.merge_cells("G6:G7")
    book.save(path)
    note = next(note for note in read_boundary_points(path).notes if note.level == "error")
    assert note.key in ("row_merged", "row_outside") and note.parcel == "甲"


def test_quoted_thousands_separators_and_empty_names_are_read_with_a_warning(tmp_path):
    rows = [list(row) for row in list_table_rows()]
    north = rows[0][5]
    rows[0][5] = f'"{north[0]},{north[1:4]},{north[4:]}"'
    rows[1][0] = rows[1][1] = ""
    file = check_table_file(write_csv(tmp_path / "表.csv", rows), tmp_path)
    assert {"thousands", "filled"} <= set(list_keys(file.notes, "warning"))


def test_lines_below_a_table_and_hidden_sheets_are_not_read_and_named(tmp_path):
    path = write_workbook(tmp_path / "表.xlsx", list_table_rows())
    book = openpyxl.load_workbook(path)
    sheet = book.active
    sheet.append(["", "", "", "制表人：张三", "", "", ""])
    sheet.append(["合计", "", "1.0000"])
    book.copy_worksheet(sheet).sheet_state = "hidden"
    book.save(path)
    file = read_boundary_points(path)
    assert [parcel.raw.label for parcel in file.parcels] == ["甲", "乙"]
    assert sorted(list_keys(file.notes, "warning")) == ["hidden_sheet", "skipped_row"]


def test_short_headings_without_names_and_rings_are_read(tmp_path):
    rows = [
        f"{n % 5 + 1},{north},{east},1.0" for n, (north, east) in enumerate([*place_ring(OUTER), place_ring(OUTER)[0]])
    ]
    path = tmp_path / "a.csv"
    path.write_bytes(
        "\r\n".join(["界址点号\tX(m)\tY(m)\t边长", *(row.replace(",", "\t") for row in rows)]).encode("gbk")
    )
    file = read_boundary_points(path, crs_text="EPSG:4526")
    assert file.parcels[0].plane_m2 == pytest.approx(compute_area(place_ring(OUTER)), abs=1e-6)
    assert set(list_keys(file.notes)) == {"ignored_columns", "no_name"}


# --- export


def write_layer(path, shapes, crs=4526, **columns):
    frame = gpd.GeoDataFrame(columns or {"DKMC": [f"地块{n}" for n in range(len(shapes))]}, geometry=shapes, crs=crs)
    frame.to_file(path, layer="DK", engine="pyogrio")
    return read_polygon_layer(str(path), "DK")


def test_new_parcels_are_numbered_clockwise_from_the_north_west_corner(tmp_path):
    shape = shapely.box(38_472_000, 4_397_000, 38_472_200, 4_397_100).difference(
        shapely.box(38_472_050, 4_397_040, 38_472_060, 4_397_050)
    )
    run = export_boundary_points(write_layer(tmp_path / "a.gpkg", [shape]), tmp_path / "a.txt")
    lines = list_lines(tmp_path / "a.txt")
    assert lines[:6] == ["[属性描述]", *HEADER[:5]]
    assert lines[9] == "10,1.9900,,地块0,面,,,,@"
    assert lines[10:] == [
        "J1,1,4397100.000,38472000.000", "J2,1,4397100.000,38472200.000", "J3,1,4397000.000,38472200.000",
        "J4,1,4397000.000,38472000.000", "J1,1,4397100.000,38472000.000", "J5,2,4397050.000,38472050.000",
        "J6,2,4397040.000,38472050.000", "J7,2,4397040.000,38472060.000", "J8,2,4397050.000,38472060.000",
        "J5,2,4397050.000,38472050.000", "",
    ]  # fmt: skip
    assert list_keys(run.notes) == ["numbered"] and describe_export(run, "en")[0].level == "info"
    (parcel,) = read_boundary_points(tmp_path / "a.txt").parcels
    assert parcel.plane_m2 == 19_900


def test_form_without_zone_number_strips_it_and_counts_without_closing_points(tmp_path):
    layer = write_layer(tmp_path / "a.gpkg", [shapely.box(38_472_000, 4_397_000, 38_472_200, 4_397_100)])
    run = export_boundary_points(layer, tmp_path / "a.txt", form_name="txt_no_zone")
    lines = list_lines(tmp_path / "a.txt")
    assert (
        run.crs.to_epsg() == 4547
        and lines[9].startswith("4,2.0000,")
        and lines[14].startswith("J5,1,4397100.000,472000")
    )
    assert read_boundary_points(tmp_path / "a.txt").crs.to_epsg() == 4547


def test_changed_parcel_is_numbered_again_in_the_habit_of_its_file_and_others_stay(two_parcels, tmp_path):
    import_boundary_points(two_parcels, tmp_path / "a.gpkg")
    layer = read_polygon_layer(str(tmp_path / "a.gpkg"), "")
    part = layer.frame.geometry.iloc[1]
    layer.frame.loc[layer.frame.index[1], "geometry"] = shapely.transform(part, lambda xy: np.add(xy, [0, 10]))
    run = export_boundary_points(layer, tmp_path / "b.txt")
    before, after = list_lines(two_parcels), list_lines(tmp_path / "b.txt")
    assert after[:16] == before[:16] and after[16:] != before[16:] and len(after) == len(before)
    assert after[16] == before[16] and list_keys(run.notes) == ["renumbered"]
    file = read_boundary_points(tmp_path / "b.txt")
    assert list_keys(file.notes, "warning") == [] and len(file.parcels) == 2


def test_attributes_that_the_user_changed_are_written_and_the_rest_of_the_line_stays(two_parcels, tmp_path):
    import_boundary_points(two_parcels, tmp_path / "a.gpkg")
    layer = read_polygon_layer(str(tmp_path / "a.gpkg"), "")
    layer.frame.loc[layer.frame.index[0], "DKMC"] = "甲,改"
    layer.frame.loc[layer.frame.index[0], "SBMJ"] = 12_345.0
    run = export_boundary_points(layer, tmp_path / "b.txt")
    before, after = list_lines(two_parcels), list_lines(tmp_path / "b.txt")
    assert after[9] == "6,1.2345,1,甲，改,面,,,,@" and after[:9] == before[:9] and after[10:] == before[10:]
    assert list_keys(run.notes) == ["area", "changed_text"]


def test_change_of_zone_number_changes_eastings_and_header_only(two_parcels, tmp_path):
    import_boundary_points(two_parcels, tmp_path / "a.gpkg")
    layer = read_polygon_layer(str(tmp_path / "a.gpkg"), "")
    export_boundary_points(layer, tmp_path / "b.txt", crs_text="EPSG:4547")
    assert list_lines(tmp_path / "b.txt") == [line.replace(",38472", ",472") for line in list_lines(two_parcels)]


def test_layer_in_degrees_needs_a_crs_and_other_datums_are_refused(tmp_path):
    square = shapely.box(114.0, 39.7, 114.001, 39.701)
    layer = write_layer(tmp_path / "a.gpkg", [square], crs=4490)
    with pytest.raises(InputError, match="boundary_layer_degrees"):
        export_boundary_points(layer, tmp_path / "a.txt")
    export_boundary_points(layer, tmp_path / "a.txt", crs_text="EPSG:4526")
    assert len(read_boundary_points(tmp_path / "a.txt").parcels) == 1
    with pytest.raises(InputError, match="boundary_layer_datum"):
        export_boundary_points(write_layer(tmp_path / "b.gpkg", [square], crs=4326), tmp_path / "b.txt")


def test_unusable_features_are_left_out_and_reported(tmp_path):
    bow_tie = Polygon(
        [(38_472_000, 4_397_000), (38_472_100, 4_397_100), (38_472_100, 4_397_000), (38_472_000, 4_397_100)]
    )
    square = shapely.box(38_472_000, 4_397_000, 38_472_200, 4_397_100)
    run = export_boundary_points(write_layer(tmp_path / "a.gpkg", [bow_tie, None, square]), tmp_path / "a.txt")
    assert (run.parcel_count, run.feature_count) == (1, 3)
    assert list_keys(run.notes, "error") == ["shape_invalid", "shape_missing"]
    with pytest.raises(InputError, match="boundary_nothing_to_export"):
        export_boundary_points(write_layer(tmp_path / "b.gpkg", [bow_tie]), tmp_path / "b.txt")
    assert not (tmp_path / "b.txt").exists()


def test_cut_record_is_reported_and_the_parcel_numbered_by_the_form(two_parcels, tmp_path):
    import_boundary_points(two_parcels, tmp_path / "a.gpkg")
    layer = read_polygon_layer(str(tmp_path / "a.gpkg"), "")
    layer.frame[RECORD_FIELD] = layer.frame[RECORD_FIELD].str[:254]
    run = export_boundary_points(layer, tmp_path / "b.txt")
    assert list_keys(run.notes).count("record_damaged") == 2 and run.parcel_count == 2


def test_character_that_the_encoding_lacks_stops_the_export(tmp_path):
    layer = write_layer(tmp_path / "a.gpkg", [shapely.box(38_472_000, 4_397_000, 38_472_200, 4_397_100)], DKMC=["𠮷村"])
    with pytest.raises(OutputError, match="boundary_unencodable"):
        export_boundary_points(layer, tmp_path / "a.txt")
    assert not (tmp_path / "a.txt").exists()


def test_outputs_of_wrong_suffix_inputs_and_cancelled_runs_write_nothing(two_parcels, tmp_path):
    with pytest.raises(OutputError, match="output_format"):
        import_boundary_points(two_parcels, tmp_path / "a.shp")
    with pytest.raises(Cancelled):
        import_boundary_points(two_parcels, tmp_path / "a.gpkg", cancellation=Cancellation(lambda: True))
    import_boundary_points(two_parcels, tmp_path / "a.gpkg", cancellation=NEVER_CANCELLED)
    layer = read_polygon_layer(str(tmp_path / "a.gpkg"), "")
    for name, form in (("b.doc", "auto"), ("b.xlsx", "txt"), ("b.txt", "table")):
        with pytest.raises(OutputError, match="output_format"):
            export_boundary_points(layer, tmp_path / name, form_name=form)
    with pytest.raises(Cancelled):
        export_boundary_points(layer, tmp_path / "b.txt", cancellation=Cancellation(lambda: True))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.gpkg", "项目.txt"]


def test_files_of_boundary_points_are_recognised_by_their_first_lines(two_parcels, tmp_path):
    rows = list_table_rows()
    files = [two_parcels, *REAL_FILES, write_csv(tmp_path / "表.csv", rows), write_workbook(tmp_path / "表.xlsx", rows)]
    assert all(is_boundary_point_file(path) for path in files)
    long_file = tmp_path / "long.txt"
    long_file.write_bytes(two_parcels.read_bytes() + "J1,1,1.0,2.0,中\r\n".encode("gbk") * 5000)
    assert is_boundary_point_file(long_file)
    others = {"a.txt": b"one\ntwo\n", "b.csv": "图层,旧标识码\r\n".encode("gbk"), "c.xlsx": b"PK\x03\x04", "d.txt": b"\xff\x80",
              "e.csv": b'"', "f.txt": b""}  # fmt: skip
    for name, content in others.items():
        (tmp_path / name).write_bytes(content)
        assert not is_boundary_point_file(tmp_path / name), name
    openpyxl.Workbook().save(tmp_path / "g.xlsx")
    assert not is_boundary_point_file(tmp_path / "g.xlsx") and not is_boundary_point_file(tmp_path / "none.txt")
    assert not is_boundary_point_file(tmp_path)


#: Central meridian, zone in the header → EPSG code of a file without zone numbers; None if it is refused.
MERIDIANS = {
    ("114", ""): 4547, ("114.0", "38"): 4547, ("东经114°", ""): 4547, ("１１４度００分００秒", "38"): 4547,
    ("114°00′00″E", ""): 4547, ("", "38"): 4547, ("未知", "38"): 4547, ("113", ""): None, ("113", "38"): None,
    ("112.5", ""): None, ("112.5", "38"): None, ("113°17′", ""): None, ("113度17分", "38"): None,
    ("114°0′1″", ""): None, ("113°60′", ""): None, ("111", "38"): None, ("114（38带）", "38"): None, ("西经114", ""): None,
}  # fmt: skip


def write_meridian(path, meridian, zone, width="3"):
    """Write a file without zone numbers in its eastings, and with a central meridian in its header."""
    pairs = dict(line.split("=", 1) for line in HEADER) | {"带号": zone, "几度分带": width, "中央经线": meridian}
    writer = FileWriter(header=tuple(f"{name}={value}" for name, value in pairs.items()))
    writer.add_parcel("甲", place_ring(OUTER, east=EAST_WITHOUT_NUMBER))
    return writer.write(path)


@pytest.mark.parametrize(("meridian", "zone"), MERIDIANS)
def test_central_meridian_that_is_not_that_of_a_zone_is_refused_and_noted_with_a_given_crs(meridian, zone, tmp_path):
    path, code = write_meridian(tmp_path / "a.txt", meridian, zone), MERIDIANS[meridian, zone]
    if code:
        assert read_boundary_points(path).crs.to_epsg() == code
        return
    with pytest.raises(InputError, match=r"boundary_meridian.*'line': 9") as caught:
        import_boundary_points(path, tmp_path / "a.gpkg")
    assert all(meridian in Texts(lang).explain_error(caught.value) for lang in ("zh", "en"))
    assert not (tmp_path / "a.gpkg").exists()
    file = read_boundary_points(path, crs_text="EPSG:4547")
    assert len(file.parcels) == 1 and list_keys(file.notes, "warning") == ["header_meridian"]


def test_central_meridian_of_a_3_degree_zone_is_not_one_of_a_6_degree_zone(tmp_path):
    with pytest.raises(InputError, match="boundary_meridian"):
        read_boundary_points(write_meridian(tmp_path / "a.txt", "114", "", width="6"))
    assert read_boundary_points(write_meridian(tmp_path / "a.txt", "117", "", width="6")).crs.to_epsg() == 4509


#: Names of points without coordinates, which find_point_number cannot read.
CORNER_NAMES = ("J5-1", "J5A", "拐点")


@pytest.mark.parametrize("name", CORNER_NAMES)
@pytest.mark.parametrize("is_first", [False, True])
def test_point_without_coordinates_within_a_parcel_breaks_it_whatever_its_name_is(name, is_first, tmp_path):
    rows = list_table_rows()
    row = (*rows[0][:3], name, "1", "", "")
    rows.insert(0 if is_first else 3, row)
    for path in (write_csv(tmp_path / "表.csv", rows), tmp_path / "表.xlsx"):
        if path.suffix == ".xlsx":
            write_workbook(path, list_table_rows(), merges=False)
            book = openpyxl.load_workbook(path)
            book.active.insert_rows(4 if is_first else 7)
            for column, text in enumerate(row, 1):
                book.active.cell(4 if is_first else 7, column).value = text or None
            book.save(path)
        file = read_boundary_points(path)
        assert list_keys(file.notes, "error") == ["row_empty", "broken"] and file.parcel_count == 2
        assert [parcel.raw.label for parcel in file.parcels] == ["乙"]


def test_line_between_two_parcels_of_a_table_is_no_point(tmp_path):
    rows = list_table_rows()
    first_of_next = next(n for n, row in enumerate(rows) if row[1] == "乙")
    rows.insert(first_of_next, ("", "", "", "制表人：张三", "", "", ""))
    file = read_boundary_points(write_csv(tmp_path / "表.csv", rows))
    assert [parcel.raw.label for parcel in file.parcels] == ["甲", "乙"] and "skipped_row" in list_keys(file.notes)


def test_line_between_tables_without_names_is_no_point_where_a_blank_row_follows(tmp_path):
    points, others = (
        [f"{n % len(ring) + 1}\t{x}\t{y}" for n, (x, y) in enumerate([*ring, ring[0]])]
        for ring in (place_ring(SEPARATE), place_ring(OUTER))
    )
    path = tmp_path / "a.csv"
    path.write_bytes("\r\n".join(["点号\tX\tY", *points, "制表人", "", "点号\tX\tY", *others]).encode("gbk"))
    file = read_boundary_points(path, crs_text="EPSG:4526")
    assert len(file.parcels) == 2 and "skipped_row" in list_keys(file.notes, "warning")
    # A corner without coordinates at the end of a page.
    path.write_bytes("\r\n".join(["点号\tX\tY", *points[:3], "拐点", "点号\tX\tY", *points[3:]]).encode("gbk"))
    with pytest.raises(InputError, match="row_empty"):
        import_boundary_points(path, tmp_path / "a.gpkg", crs_text="EPSG:4526")


#: Line of a parcel as its file writes it → with another name; the mark @ ends it.
PARCEL_LINES = {
    "6,7.6462, 1 ,甲,面,,,0601,备注,@": "6,7.6462, 1 ,甲改,面,,,0601,备注,@",
    "6,7.6462,1,甲,面,,,0601,备注@": "6,7.6462,1,甲改,面,,,0601,备注,@",
    "6,7.6462,1,甲,面,@": "6,7.6462,1,甲改,面,,,,@",
    "6,7.6462,1,甲,面,,,,@,尾": "6,7.6462,1,甲改,面,,,,@,尾",
    "6,7.6462,1,甲,面,,,0601,备注": "6,7.6462,1,甲改,面,,,0601,备注,@",
    "6,7.6462,1,甲,面,,,0601,": "6,7.6462,1,甲改,面,,,0601,@",
}


@pytest.mark.parametrize("line", PARCEL_LINES)
def test_further_items_of_a_parcel_are_written_back_where_another_item_changed(line, two_parcels, tmp_path):
    import_boundary_points(change_line(two_parcels, 10, line), tmp_path / "a.gpkg", form_name="txt")
    layer = read_polygon_layer(str(tmp_path / "a.gpkg"), "")
    export_boundary_points(layer, tmp_path / "b.txt")
    assert (tmp_path / "b.txt").read_bytes() == two_parcels.read_bytes()
    layer.frame.loc[layer.frame.index[0], "DKMC"] = "甲改"
    export_boundary_points(layer, tmp_path / "b.txt")
    before, after = list_lines(two_parcels), list_lines(tmp_path / "b.txt")
    assert after[9] == PARCEL_LINES[line] and after[:9] == before[:9] and after[10:] == before[10:]


def test_csv_of_an_imported_workbook_has_encoding_mark_and_line_ends_of_the_form(tmp_path):
    path = write_workbook(tmp_path / "表.xlsx", list_table_rows())
    data = round_trip(path, tmp_path, name="出.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") and data.endswith(b"\r\n")
    assert data.count(b"\n") == data.count(b"\r\n") == len(list_table_rows()) + 4


#: Decimals of a file, movement of a parcel (m) → decimals that are written.
MOVEMENTS = [
    (0, "0.3", 1),
    (0, "10", 0),
    (0, "0.004", 3),
    (1, "0.03", 2),
    (2, "0.004", 3),
    (3, "0.001", 3),
    (4, "10", 4),
]


@pytest.mark.parametrize(("places", "movement", "expected"), MOVEMENTS)
def test_small_movements_are_written_whatever_the_decimals_of_the_file_are(places, movement, expected, tmp_path):
    writer = FileWriter()
    for name, offsets in (("甲", OUTER), ("乙", SEPARATE)):
        ring = [(f"{Decimal(north):.{places}f}", f"{Decimal(east):.{places}f}") for north, east in place_ring(offsets)]
        writer.add_parcel(name, ring, number=name)
    path = writer.write(tmp_path / "a.txt")
    assert round_trip(path, tmp_path).read_bytes() == path.read_bytes()
    layer = read_polygon_layer(str(tmp_path / "层.gpkg"), "")
    layer.frame.loc[layer.frame.index[1], "geometry"] = shapely.transform(
        layer.frame.geometry.iloc[1], lambda xy: np.add(xy, [0, float(movement)])
    )
    assert list_keys(export_boundary_points(layer, tmp_path / "b.txt").notes, "info") == ["renumbered"]
    rows, rows_before = (read_boundary_points(one).parcels[1].raw.rows for one in (tmp_path / "b.txt", path))
    assert {len(row.north_text.partition(".")[2]) for row in rows} == {expected}
    assert {(Decimal(row.north_text), Decimal(row.east_text)) for row in rows} == {
        (Decimal(row.north_text) + Decimal(movement), Decimal(row.east_text)) for row in rows_before
    }


def test_points_before_the_first_parcel_count_as_a_parcel_that_was_left_out(two_parcels, tmp_path):
    lines = list_lines(two_parcels)
    del lines[9]
    two_parcels.write_bytes("\r\n".join(lines).encode("gbk"))
    run = import_boundary_points(two_parcels, tmp_path / "a.gpkg")
    assert list_keys(run.file.notes, "error") == ["stray_points"]
    assert [parcel.raw.label for parcel in run.file.parcels] == ["乙"] and run.left_out_count == 1
    assert describe_import(run, "zh")[0].level == "warning"


def test_list_of_numbers_is_recognised_as_points_only_with_coordinates_in_metres(tmp_path):
    cases = {
        "4397551.903,38472109.379": True, "4397551.903,472109.379": True, "38472109.379,4397551.903": True,
        "23.1,113.2": False, "113.2,23.1": False, "4397551.903,72109.3": False, "12345678.0,38472109.379": False,
    }  # fmt: skip
    for suffix in (".txt", ".csv"):
        for cells, is_recognised in cases.items():
            path = tmp_path / f"a{suffix}"
            path.write_text("".join(f"{n},1,{cells}\n" for n in range(1, 5)), encoding="utf-8")
            assert is_boundary_point_file(path) == is_recognised, cells
    path.write_text("".join(f"{n},1,23.{n * n},113.{n}\n" for n in range(1, 5)), encoding="utf-8")
    with pytest.raises(InputError, match="boundary_degrees"):
        read_boundary_points(path)


# --- properties


@st.composite
def star_rings(draw):
    """Return offsets (north, east) of a ring without crossings, clockwise around the origin."""
    import math

    count = draw(st.integers(3, 12))
    radii = draw(st.lists(st.floats(20, 300), min_size=count, max_size=count))
    places = draw(st.integers(0, 6))
    return [
        (f"{r * math.cos(2 * math.pi * n / count):.{places}f}", f"{r * math.sin(2 * math.pi * n / count):.{places}f}")
        for n, r in enumerate(radii)
    ]


#: Separators, quotes, marks of the forms, beginnings of formulas, blanks, line ends, characters that no file holds.
SEPARATORS_AND_LETTERS = ",;|\t\"'\\@=+-[]，；＠、 \n\r\x0b\x1c\x85\u2028\x00\x1a\ufffe\ud8000１甲乙A"
names = st.text(st.characters(codec="gbk", exclude_categories=("C", "Z"), exclude_characters=",，@"), max_size=8)


@pytest.mark.exhaustive
@given(
    rings=st.lists(star_rings(), min_size=1, max_size=3),
    closing=st.sampled_from(["first", "next", "none"]),
    counts_closing=st.booleans(),
    name=names,
    encoding=st.sampled_from(["gbk", "utf-8", "utf-8-sig", "utf-16"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    ends=st.booleans(),
)
def test_any_file_is_exported_byte_by_byte(rings, closing, counts_closing, name, encoding, line_end, ends, tmp_path):
    writer = FileWriter(closing=closing, counts_closing=counts_closing, items=(name, "", name))
    areas = []
    for number, offsets in enumerate(rings, 1):
        ring = [(f"{NORTH + Decimal(dn)}", f"{EAST + 1000 * number + Decimal(de)}") for dn, de in offsets]
        areas.append(writer.add_parcel(f"{name}{number}", ring, number=str(number)))
    path = writer.write(tmp_path / "a.txt", encoding=encoding, line_end=line_end, ends=ends)
    file = read_boundary_points(path)
    assert [parcel.plane_m2 for parcel in file.parcels] == pytest.approx(areas, abs=1e-5)
    assert round_trip(path, tmp_path).read_bytes() == path.read_bytes()


@given(
    rings=st.lists(star_rings(), min_size=1, max_size=3),
    has_hole=st.booleans(),
    form_name=st.sampled_from(["txt", "txt_no_zone", "txt_points", "table"]),
)
def test_any_layer_comes_back_with_the_digits_that_were_written(rings, has_hole, form_name, tmp_path):
    origin = np.array([float(EAST), float(NORTH)])
    shapes = []
    for number, offsets in enumerate(rings):
        outer = np.array([(float(e), float(n)) for n, e in offsets])
        holes = [outer[::-1] * 0.1 + origin + [1000 * number, 0]] if has_hole else None
        shapes.append(shapely.polygons(outer + origin + [1000 * number, 0], holes))
    layer = SourceLayer("DK", gpd.GeoDataFrame(geometry=shapes, crs=4526), (), CRS.from_epsg(4526))
    target = tmp_path / ("a.csv" if form_name == "table" else "a.txt")
    run = export_boundary_points(layer, target, form_name=form_name)
    file = read_boundary_points(target, form_name=form_name, crs_text=f"EPSG:{run.crs.to_epsg()}")
    assert list_keys(file.notes) == (["no_name"] * len(shapes) if "name" in run.form.parcel.items else [])
    assert [parcel.plane_m2 for parcel in file.parcels] == pytest.approx([shape.area for shape in shapes], abs=2.0)
    shift = 0 if run.crs.to_epsg() == 4526 else 38_000_000
    for parcel, shape in zip(file.parcels, shapes, strict=True):
        written = {(row.east_text, row.north_text) for row in parcel.raw.rows}
        assert written == {(f"{x - shift:.3f}", f"{y:.3f}") for x, y in shapely.get_coordinates(shape)}
        assert {len(row.north_text.partition(".")[2]) for row in parcel.raw.rows} == {3}


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.xlsx"])
@given(names=st.lists(st.text(st.sampled_from(SEPARATORS_AND_LETTERS), max_size=5), min_size=2, max_size=6))
@settings(max_examples=4)
@example(names=["东坡，西坡", "东坡"])
@example(names=["甲", "甲 ", "\x00"])
def test_each_parcel_comes_back_with_its_name_or_a_note_on_the_change(name, names, tmp_path):
    shapes = [
        shapely.box(float(EAST) + 200 * n, float(NORTH), float(EAST) + 200 * n + 100, float(NORTH) + 100)
        for n in range(len(names))
    ]
    frame = gpd.GeoDataFrame({"DKMC": names, "DKYT": names}, geometry=shapes, crs=4526)
    run = export_boundary_points(SourceLayer("DK", frame, (), CRS(4526)), tmp_path / name)
    read = [parcel.raw.values for parcel in read_boundary_points(tmp_path / name).parcels]
    assert len(read) == len(names) and all(values["use"] == values["name"] for values in read)
    is_changed = [values["name"] for values in read] != [one.strip() for one in names]
    assert is_changed == ("changed_text" in list_keys(run.notes))


@for_each("name", list_data_ids(BOUNDARY_POINTS_FOLDER))
def test_each_form_loads_and_has_a_name_in_both_languages(name):
    form = load_form(name)
    assert form.id == name and form.get_title("zh") != form.get_title("en")


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
    "no items": (('items = ["count"', '# ["count"'), "parcel.items"),
    "number for a text in a row": (('value = "米"', "value = 1"), "header[4].value"),
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
    assert [find_meaning(key, settings.header_keys) for key in (" 带 号 ", "精度")] == ["zone", ""]
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
    assert file.crs.to_epsg() == 4547 and [parcel.raw.label for parcel in file.parcels] == ["地块1", "地块3"]
    assert [note.key for note in file.notes if note.level == "error"] == ["row_extra_zone"]
