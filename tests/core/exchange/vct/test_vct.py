# SPDX-License-Identifier: GPL-2.0-or-later
"""VCT 3.0 files written and read back, compared by plain shapely and geopandas."""

import errno
import re
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings, strategies as st
from shapely import MultiLineString, MultiPolygon, Polygon, box

from plugin.core.base.errors import InputError, OutputError
from plugin.core.exchange.vct import read, stored_shapes as store
from plugin.core.exchange.vct.read import open_vct
from plugin.core.exchange.vct.records import format_records
from plugin.core.exchange.vct.settings import load_settings
from plugin.core.exchange.vct.write import write_vct
from plugin.core.standard import load_standard
from plugin.core.standard.messages.texts import Texts
from tests.core.vct_files import (
    TWO_SQUARES_TEXT,
    find_line_number,
    make_vct_layer,
    read_vct,
    replace_in_squares,
    write_vct_text,
)

X, Y = 37_500_000.0, 4_150_000.0
LONG_HEADER_CHANGE = ("Parameters:111,1,37500000,0,3,37", "Parameters:111,,,,1.0,37500000.0,0.0,3,37")


def make_square(x, y, width=100.0, height=None):
    return box(X + x, Y + y, X + x + width, Y + y + (height or width))


def read_polygon_line_ids(path):
    """Return the signed line ids of each polygon, read from the VCT text."""
    text = path.read_bytes().decode("gbk").replace("\r\n", "\n")
    polygons = text.split("PolygonBegin\n")[1].split("PolygonEnd")[0]
    found = re.findall(r"\n21\n\d+\n((?:[-\d,]+\n)+?)0\n(?=\d+\n\d{10}\n|$)", polygons)
    return [[int(i) for i in rows.replace("\n", ",").strip(",").split(",")] for rows in found]


def read_lines_by_id(path):
    """Return the coordinates of each VCT line by id, parsed without the plugin."""
    text = path.read_bytes().decode("gbk").replace("\r\n", "\n").split("LineBegin\n")[1].split("LineEnd")[0]
    rows = iter(text.split("\n"))
    found = {}
    for ident in rows:
        if ident:
            rest = [next(rows) for _ in range(6)]
            found[int(ident)] = [tuple(map(float, next(rows).split(","))) for _ in range(int(rest[5]))]
            assert next(rows) == "0"
    return found


def is_clockwise(ring):
    return not shapely.is_ccw(shapely.linearrings(ring))


@pytest.mark.parametrize(
    "pairs",
    [
        (),
        (("LANDUSE-VCT", "CNSDTF-VCT"), LONG_HEADER_CHANGE),
        (("Datamark:", "DataMark: "), LONG_HEADER_CHANGE, ("Version:3.0", "Version:GB/T 17798-2007")),
        (("PointBegin\nPointEnd\n", ""), ("AnnotationBegin\nAnnotationEnd\n", ""), ("StyleBegin\nStyleEnd\n", "")),
        (("HeadBegin\n", "CommentBegin\n测试\nCommentEnd\nHeadBegin\n"),),
        (("\n0\n2\n1099", "\n0\n\n\n2\n1099"), ("37500000,4150100\n", "37500000,4150100\n\n")),
    ],
    ids=["survey", "standard", "other words", "no empty sections", "comment", "blank lines"],
)
def test_vct_reader_reads_two_squares_in_every_header_variant(tmp_path, pairs):
    (found,) = read_vct(write_vct_text(tmp_path / "a.vct", replace_in_squares(*pairs)))
    assert found.name == "YDYHGHFQ" and found.crs.to_epsg() == 4525
    assert found.frame["BSM"].tolist() == ["140122000000000001", "140122000000000002"]
    assert found.frame["GHFQDM"].tolist() == ["510", "520"]
    for shape, wanted in zip(found.frame.geometry, (make_square(0, 0), make_square(100, 0)), strict=True):
        assert shape.equals(wanted) and is_clockwise(shape.exterior.coords)


@pytest.mark.parametrize(
    ("parameters", "epsg"),
    [
        ("114,1,38500000,0,3,38", 4526),
        ("114,1,500000,0,3,38", 4547),
        ("111,,,,1.0,19500000,0.0,6,19", 4497),
        ("111,,,,1.0,500000.0,0.0,6,19", 4508),
    ],
)
def test_vct_header_with_a_3_or_6_degree_crs_zone_gives_its_crs(tmp_path, parameters, epsg):
    easting = re.search(r"\d*500000", parameters)[0]
    text = replace_in_squares(("111,1,37500000,0,3,37", parameters)).replace("37500", easting[:-3])
    with open_vct(write_vct_text(tmp_path / "a.vct", text)) as vct:
        assert vct.header.crs.to_epsg() == epsg and not vct.remarks.found


def test_vct_meridian_that_contradicts_the_crs_zone_number_is_refused(tmp_path):
    path = write_vct_text(
        tmp_path / "a.vct", replace_in_squares(("Parameters:111,1,37500000,0,3,37", "Parameters:114,1,37500000,0,3,37"))
    )
    with pytest.raises(InputError) as caught:
        read_vct(path)
    message = Texts("zh").explain_error(caught.value)
    assert "Parameters" in message and "114°" in message and "111°" in message and "37 带" in message


def test_vct_degrees_with_northing_first_are_read_with_a_note(tmp_path):
    text = replace_in_squares(
        ("CoordinateSystemType:P", "CoordinateSystemType:D"), ("XAxisDirection:E", "XAxisDirection:N"),
        ("YAxisDirection:N", "YAxisDirection:E"), ("XYUnit:M", "XYUnit:D"), ("高斯-克吕格投影", ""), ("111,1,37500000,0,3,37", ""),
    )  # fmt: skip
    text = re.sub(r"37500(\d{3})(?:\.0+)?,4150(\d{3})(?:\.0+)?$", r"37.\2,112.\1", text, flags=re.M)
    (found,) = read_vct(write_vct_text(tmp_path / "a.vct", text))
    assert found.crs.to_epsg() == 4490 and found.frame.geometry[0].equals(box(112, 37, 112.1, 37.1))
    assert [key for key, _ in found.notices] == ["vct_note_axes"]


def test_edge_shared_by_two_polygons_is_one_vct_line_used_in_both_directions(tmp_path):
    path = tmp_path / "a.vct"
    write_vct(path, [make_vct_layer("YDYHGHFQ", [make_square(0, 0), make_square(100, 0)], BSM=("text", ["1", "2"]))])
    lines = read_lines_by_id(path)
    assert len(lines) == 3 and sum(len(xy) - 1 for xy in lines.values()) == 7
    one, two = read_polygon_line_ids(path)
    (shared,) = {abs(i) for i in one} & {abs(i) for i in two}
    assert shared in one and -shared in two


def test_polygon_holes_and_islands_inside_holes_survive_a_vct_round_trip(tmp_path):
    """Write a polygon with a lake, an island in the lake and a pond on the island."""
    land = Polygon(
        make_square(0, 0, 1000).exterior, [make_square(100, 100, 800).exterior, make_square(910, 910, 50).exterior]
    )
    island = Polygon(make_square(200, 200, 600).exterior, [make_square(300, 300, 100).exterior])
    lake = Polygon(make_square(100, 100, 800).exterior, [make_square(200, 200, 600).exterior])
    shapes = [land, island, lake, make_square(300, 300, 100)]
    path = tmp_path / "a.vct"
    write_vct(path, [make_vct_layer("A", shapes, N=("integer", [1, 2, 3, 4]))])
    # Five rings without partial sharing: lake and pond once for both sides, and an unfilled hole.
    assert len(read_lines_by_id(path)) == 5
    (found,) = read_vct(path)
    for shape, wanted in zip(found.frame.geometry, shapes, strict=True):
        assert shape.equals(wanted) and shape.is_valid and is_clockwise(shape.exterior.coords)
        assert not any(is_clockwise(hole.coords) for hole in shape.interiors)
    assert read_polygon_line_ids(path)[0].count(0) == 2


def test_points_lines_and_rows_without_shape_survive_a_vct_round_trip(tmp_path):
    points = shapely.points([[X + 0.12345, Y], [X, Y + 1e-5]])
    line = shapely.linestrings([[X, Y], [X + 1, Y], [X + 1, Y + 2]])
    layers = [
        make_vct_layer("D", points, BSM=("text", ["1", "2"])),
        make_vct_layer("X", [line, None, shapely.multilinestrings([line, shapely.transform(line, lambda c: c + 5)])],
              BSM=("text", ["1", "2", "3"])),
        make_vct_layer("M", [None], BSM=("text", ["1"])),
    ]  # fmt: skip
    done = write_vct(tmp_path / "a.vct", layers)
    assert done.shape_counts == {"D": 2, "X": 3, "M": 0} and done.row_counts == {"D": 2, "X": 4, "M": 1}
    found = read_vct(tmp_path / "a.vct")
    assert [f.name for f in found] == ["D", "X", "M"]
    assert shapely.get_coordinates(found[0].frame.geometry).tolist() == [[X + 0.1234, Y], [X, Y]] or (
        shapely.get_coordinates(found[0].frame.geometry).tolist() == [[X + 0.1235, Y], [X, Y]]
    )
    assert found[1].frame["BSM"].tolist() == ["1", "2", "3", "3"] and found[1].frame.geometry[0].equals(line)
    assert found[1].frame.geometry[1] is None and found[2].frame.geometry.isna().all()
    assert {"vct_note_split", "vct_note_bare", "vct_note_code"} <= {key for key, _ in done.notes}
    assert "vct_note_no_shape" in {key for key, _ in found[0].notices}


def test_feature_keys_shared_by_two_vct_layers_give_a_note(tmp_path):
    points = shapely.points([[X, Y], [X + 1, Y]])
    first, second = ["141129000000000001", "141129000000000002"], ["141129000000000001", None]
    layers = [make_vct_layer("A", points, BSM=("text", first)), make_vct_layer("B", points, BSM=("text", second))]
    done = write_vct(
        tmp_path / "a.vct", [*layers, make_vct_layer("C", points[:1], BSM=("text", ["141129000000000003"]))]
    )
    (params,) = [params for key, params in done.notes if key == "vct_note_shared_keys"]
    for language in ("zh", "en"):
        message = Texts(language).format_notice("vct_note_shared_keys", params)
        assert (
            all(word in message for word in ("A", "B", "141129000000000001"))
            and "[" not in message
            and "{" not in message
        )
    read = [one.frame["BSM"].tolist() for one in read_vct(tmp_path / "a.vct")]
    assert read[:2] == [first, second], "written as they are"


def test_field_values_survive_a_vct_round_trip_except_commas_and_line_breaks_replaced_with_a_note(tmp_path):
    columns = {
        "T": ("text", ["城镇,村\n庄", None, " 空 格 "]),
        "I": ("integer", pd.array([123456789012345678, None, -3], dtype="Int64")),
        "R": ("real", [1.5, np.nan, 1234567.123456]),
        "D": ("date", pd.to_datetime(["2026-11-20", None, "1999-01-01"])),
    }
    done = write_vct(
        tmp_path / "a.vct",
        [make_vct_layer("A", [make_square(0, 0), make_square(100, 0), make_square(200, 0)], **columns)],
    )
    frame = read_vct(tmp_path / "a.vct")[0].frame
    assert frame["T"].tolist() == ["城镇，村 庄", None, " 空 格 "]
    assert frame["I"].tolist() == [123456789012345678, pd.NA, -3]
    assert frame["R"].tolist()[::2] == [1.5, 1234567.123456] and np.isnan(frame["R"][1])
    assert frame["D"].dt.strftime("%Y%m%d").tolist()[::2] == ["20261120", "19990101"] and pd.isna(frame["D"][1])
    assert [(k, p["field"]) for k, p in done.notes if "field" in p] == [
        ("vct_note_commas", "T"), ("vct_note_wider", "I"), ("vct_note_wider", "R")
    ]  # fmt: skip


@given(texts=st.lists(st.text(st.sampled_from(",|\"'\\，： \t\n\r\x0b\x1c\x85\x00\x1a0甲A"), max_size=5), min_size=1))
@settings(max_examples=4)
def test_any_text_of_a_vct_file_comes_back_or_is_noted(texts, tmp_path):
    texts = [text.encode("gbk", "ignore").decode("gbk") for text in texts]
    shapes = [make_square(200 * n, 0) for n in range(len(texts))]
    done = write_vct(tmp_path / "a.vct", [make_vct_layer("A", shapes, T=("text", texts))])
    read = read_vct(tmp_path / "a.vct")[0].frame["T"].tolist()
    changed = [pair for pair in zip(read, texts, strict=True) if pair[0] != pair[1] and (pair[0] or pair[1].strip())]
    assert not changed or "vct_note_commas" in [key for key, _ in done.notes]


@st.composite
def draw_random_coverages(draw):
    """Draw random polygons that share edges, with holes, islands and touching corners."""
    wide, high = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    numbers = draw(st.lists(st.integers(0, 2), min_size=wide * high, max_size=wide * high))
    shift = np.array(draw(st.lists(st.integers(-30, 30), min_size=2 * (wide + 1) * (high + 1),
                                   max_size=2 * (wide + 1) * (high + 1)))).reshape(wide + 1, high + 1, 2)  # fmt: skip
    corner = np.stack(np.meshgrid(np.arange(wide + 1), np.arange(high + 1), indexing="ij"), axis=-1) * 100.0
    corner = corner + shift + [X, Y] + 0.1234
    cells = [
        Polygon([corner[i, j], corner[i + 1, j], corner[i + 1, j + 1], corner[i, j + 1]])
        for i in range(wide)
        for j in range(high)
    ]
    joined = [shapely.coverage_union_all([c for c, n in zip(cells, numbers, strict=True) if n == k]) for k in range(3)]
    return np.array([part for shape in joined for part in shapely.get_parts(shape)], dtype=object)


@pytest.mark.slow
@given(draw_random_coverages())
def test_random_coverages_survive_a_vct_round_trip_with_each_edge_written_once(tmp_path_factory, shapes):
    path = tmp_path_factory.mktemp("vct") / "a.vct"
    write_vct(path, [make_vct_layer("A", list(shapes), N=("integer", list(range(len(shapes)))))])
    (found,) = read_vct(path)
    assert found.frame["N"].tolist() == list(range(len(shapes)))
    back = found.frame.geometry.to_numpy()
    assert shapely.is_valid(back).all()
    assert (
        shapely.normalize(shapely.set_precision(back, 1e-4)) == shapely.normalize(shapely.set_precision(shapes, 1e-4))
    ).all()
    # No edge is written twice: the lines are as long as the union of all boundaries.
    lines = read_lines_by_id(path).values()
    once = shapely.length(shapely.union_all(shapely.boundary(shapely.set_precision(shapes, 1e-4))))
    assert abs(sum(shapely.linestrings(xy).length for xy in lines) - once) < 1e-3


ASCII_HEAD = re.sub(r"(Projection|VerticalDatum|TemporalReferenceSystem):.*", r"\1:", TWO_SQUARES_TEXT)


@pytest.mark.parametrize(
    ("data", "key", "line"),
    [
        (TWO_SQUARES_TEXT.encode("utf-8"), "vct_encoding", 12),
        # UTF-8 that GBK can read, as nonsense.
        (ASCII_HEAD.encode("utf-8"), "vct_utf8", find_line_number(TWO_SQUARES_TEXT, "TableStructureEnd")),
        (ASCII_HEAD.encode("utf-8-sig"), "vct_utf8", find_line_number(TWO_SQUARES_TEXT, "TableStructureEnd")),
        (TWO_SQUARES_TEXT.encode("utf-16"), "vct_utf16", 1),
        (TWO_SQUARES_TEXT.replace("000001,510", "000001,五十").encode("gbk")[:-1].replace("五十".encode("gbk"), b"\xff5"),
         "vct_encoding", find_line_number(TWO_SQUARES_TEXT, "11,140122000000000001,510")),
    ],
    ids=["UTF-8", "UTF-8 in pairs", "with a mark", "UTF-16", "one value"],
)  # fmt: skip
def test_vct_file_in_a_wrong_encoding_is_refused(tmp_path, data, key, line):
    path = tmp_path / "a.vct"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_vct(path)
    assert caught.value.key == key and (line is None or caught.value.params["line"] == line)


def test_full_disk_while_reading_a_vct_file_is_not_reported_as_damage(tmp_path, monkeypatch):
    def raise_disk_full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store.ShapeStore, "append_content", raise_disk_full)
    with pytest.raises(InputError) as caught:
        read_vct(write_vct_text(tmp_path / "a.vct", TWO_SQUARES_TEXT))
    assert caught.value.key == "vct_no_space"
    for lang in ("zh", "en"):
        assert "a.vct" in Texts(lang).explain_error(caught.value) and "no_space" not in Texts(lang).explain_error(
            caught.value
        )


def test_vct_shapes_without_attribute_rows_are_read_with_a_note(tmp_path):
    (found,) = read_vct(write_vct_text(tmp_path / "a.vct", replace_in_squares(("12,140122000000000002,520\n", ""))))
    assert found.frame["BSM"].tolist() == ["140122000000000001", None] and found.frame.geometry[1].equals(
        make_square(100, 0)
    )
    assert [key for key, _ in found.notices] == ["vct_note_no_row"]


@pytest.mark.parametrize(
    ("make_layers", "key", "words"),
    [
        (lambda: [make_vct_layer("A", [make_square(0, 0)], BSM=("text", ["7"]), MC=("text", ["𠮷村"]))], "vct_character", ("A", "7", "MC", "𠮷")),
        (lambda: [make_vct_layer("A", [make_square(0, 0)], crs=4526), make_vct_layer("B", [make_square(0, 0)])], "vct_two_crs", ("B", "EPSG:4525")),
        (lambda: [make_vct_layer("A", [make_square(0, 0)], crs=32649)], "vct_crs", ("A", "EPSG:32649")),
        (lambda: [make_vct_layer("A", [make_square(0, 0), shapely.Point(X, Y)])], "vct_mixed_shapes", ("A", "1")),
        (lambda: [make_vct_layer("A", [make_square(0, 0)]), make_vct_layer("a", [make_square(0, 0)])], "vct_two_layers", ("a",)),
        (lambda: [make_vct_layer("A", [make_square(0, 0, 1e-6)])], "vct_collapsed", ("A", "0")),
        (lambda: [make_vct_layer("A", [make_square(0, 0)], N=("real", [np.inf]))], "vct_no_value", ("A", "N")),
        (list, "vct_no_layers", ()),
    ],
    ids=["GBK", "two zones", "no CGCS2000", "two kinds", "one name", "too small", "infinite", "nothing"],
)  # fmt: skip
def test_vct_export_of_unwritable_layers_keeps_the_old_file(tmp_path, make_layers, key, words):
    target = tmp_path / "a.vct"
    target.write_text("old")
    with pytest.raises((OutputError, InputError)) as caught:
        write_vct(target, make_layers())
    assert caught.value.key == key and target.read_text() == "old" and list(tmp_path.iterdir()) == [target]
    for lang in ("zh", "en"):
        assert all(word in Texts(lang).explain_error(caught.value) for word in words)


def test_vct_settings_change_header_and_decimals_of_the_written_file(tmp_path):
    import dataclasses

    changed = dataclasses.replace(load_settings(), parameters="long", datamark="CNSDTF-VCT", decimals_metres=2)
    write_vct(tmp_path / "a.vct", [make_vct_layer("A", [make_square(0, 0.123456)])], settings=changed)
    text = (tmp_path / "a.vct").read_bytes().decode("gbk")
    assert "Datamark:CNSDTF-VCT\r\n" in text and "Parameters:111,,,,1.0,37500000.0,0.0,3,37\r\n" in text
    assert "37500000,4150000.12\r\n" in text
    assert read_vct(tmp_path / "a.vct")[0].crs.to_epsg() == 4525


#: Errors of a file that ends too early.
TRUNCATION_ERROR_KEYS = ("vct_cut_off", "vct_cut_between", "vct_ended", "vct_no_head", "vct_empty")


def test_vct_file_truncated_at_any_byte_raises_an_input_error(tmp_path):
    data = TWO_SQUARES_TEXT.replace("\n", "\r\n").encode("gbk")
    path = tmp_path / "a.vct"
    end = len(data) - len(b"StyleBegin\r\nStyleEnd\r\n")
    for length in range(0, len(data) - 2, 3):
        path.write_bytes(data[:length])
        # After the end of the attributes nothing shows that the file was longer.
        complete = end - 2 <= length <= end
        try:
            read_vct(path)
        except InputError as error:
            assert not complete and error.key in TRUNCATION_ERROR_KEYS, (length, error)
        else:
            assert complete, length


def test_vct_file_with_another_separator_and_z_values_is_read_without_z(tmp_path):
    head, rest = replace_in_squares(("Separator:,", "Separator:;"), ("Dim:2", "Dim:3")).split("HeadEnd\n")
    rest = re.sub(r"^(375\d+(?:\.\d+)?),(415\d+(?:\.\d+)?)$", r"\1,\2,1050.5", rest, flags=re.M).replace(",", ";")
    (found,) = read_vct(write_vct_text(tmp_path / "a.vct", head + "HeadEnd\n" + rest))
    assert found.frame.geometry[0].equals(make_square(0, 0)) and found.frame["GHFQDM"].tolist() == ["510", "520"]
    assert not found.frame.geometry.has_z.any() and [key for key, _ in found.notices] == ["vct_note_third"]


def test_coordinate_offset_in_the_vct_header_is_applied_with_a_note(tmp_path):
    (found,) = read_vct(write_vct_text(tmp_path / "a.vct", replace_in_squares(("Offset:0,0", "Offset:1000,-50"))))
    assert found.frame.geometry[0].equals(make_square(1000, -50)) and found.notices[0][0] == "vct_note_offset"


def test_vct_degrees_are_accurate_to_a_hundredth_of_a_millimetre(tmp_path):
    shapes = [box(113.123456789123, 39.1, 113.2, 39.2), box(113.2, 39.1, 113.3, 39.2)]
    write_vct(tmp_path / "a.vct", [make_vct_layer("A", shapes, crs=4490)])
    (found,) = read_vct(tmp_path / "a.vct")
    assert found.crs.to_epsg() == 4490 and len(read_lines_by_id(tmp_path / "a.vct")) == 3
    off = np.abs(shapely.bounds(found.frame.geometry.to_numpy()) - shapely.bounds(shapes))
    assert off.max() <= 1e-10


def test_vct_rings_of_equal_direction_are_read_as_shells_and_holes_by_their_location(tmp_path):
    """Read outer rings and holes with equal direction, as other programs write them."""
    ring = "\n".join(f"{X + x:.0f},{Y + y:.0f}" for x, y in ((10, 10), (10, 20), (20, 20), (20, 10), (10, 10)))
    text = replace_in_squares(
        ("LineEnd", f"4\n1099000000\nunknown\n1\n1\n11\n5\n{ring}\n0\nLineEnd"),
        ("21\n2\n-1,-2\n", "21\n4\n-1,-2,0,4\n"),
    )
    (found,) = read_vct(write_vct_text(tmp_path / "a.vct", text))
    hole = make_square(10, 10, 10)
    assert found.frame.geometry[0].equals(make_square(0, 0).difference(hole))
    text = replace_in_squares(
        ("LineEnd", f"4\n1099000000\nunknown\n1\n1\n11\n5\n{ring}\n0\nLineEnd"),
        ("21\n2\n1,3\n", "21\n4\n1,3,0,4\n"),
    )
    (found,) = read_vct(write_vct_text(tmp_path / "b.vct", text))
    assert found.frame.geometry[1].equals(shapely.union_all([make_square(100, 0), hole]))


def make_point_layer(*places):
    return [None if p is None else shapely.Point(X + p[0], Y + p[1]) for p in places]


def make_label_layer(texts, angles, places=((10, 10), (20, 20.5), (30, 30)), **more):
    columns = {"VCT_TEXT": ("text", texts), "VCT_ANGLE": ("real", angles), "ZJLX": ("text", ["村"] * len(texts))}
    return make_vct_layer("ZJ", make_point_layer(*places), **columns, **more)


def read_vct_section(path, name):
    text = path.read_bytes().decode("gbk").replace("\r\n", "\n")
    return text.split(f"{name}Begin\n")[1].split(f"{name}End")[0].split("\n")[:-1]


def test_vct_annotation_has_the_lines_of_the_format_and_is_read_back_with_text_angle_and_position(tmp_path):
    """Compare each line of the annotation record with the format specification.

    A comma in the text is kept because the text has a separate line.
    """
    given = ["浑源", " 一,二 ", "0"]
    done = write_vct(tmp_path / "a.vct", [make_label_layer(given, [30.5, 1 / 3, np.nan])])
    assert done.shape_counts == done.row_counts == {"ZJ": 3}
    lines = read_vct_section(tmp_path / "a.vct", "Annotation")
    assert lines[:7] == ["1", "9900000001", "unknown", "1", "浑源", "37500010,4150010,30.5", "0"]
    assert [lines[k] for k in (4, 11, 18)] == given and lines[19] == "37500030,4150030,0"
    text = (tmp_path / "a.vct").read_bytes().decode("gbk")
    assert "9900000001,ZJ,Annotation,ZJ\r\n" in text and "ZJ,1\r\nZJLX,Char,50\r\n0\r\n" in text
    (found,) = read_vct(tmp_path / "a.vct")
    assert found.frame["VCT_TEXT"].tolist() == given and found.frame["ZJLX"].tolist() == ["村"] * 3
    assert found.frame["VCT_ANGLE"].tolist() == [30.5, 1 / 3, 0.0]
    assert shapely.get_coordinates(found.frame.geometry).tolist() == [
        [X + 10, Y + 10],
        [X + 20, Y + 20.5],
        [X + 30, Y + 30],
    ]


def test_vct_file_with_annotation_and_points_is_identical_after_reading_and_writing_it_again(tmp_path):
    stops = make_vct_layer("ZD", make_point_layer((1, 1)), MC=("text", ["站"]))
    write_vct(tmp_path / "a.vct", [stops, make_label_layer(["甲", "乙", "丙"], [0, 90, 180])])
    write_vct(tmp_path / "b.vct", read_vct(tmp_path / "a.vct"))
    assert (tmp_path / "a.vct").read_bytes() == (tmp_path / "b.vct").read_bytes()


@pytest.mark.parametrize(
    ("texts", "places"),
    [
        (["甲", "", "丙"], ((1, 1), (2, 2), (3, 3))),
        (["甲", None, "丙"], ((1, 1), (2, 2), (3, 3))),
        (["甲", "乙", "丙"], ((1, 1), None, (3, 3))),
    ],
    ids=["blank", "no text", "no place"],
)
def test_vct_annotation_without_text_or_position_is_refused(tmp_path, texts, places):
    with pytest.raises(OutputError) as caught:
        write_vct(tmp_path / "a.vct", [make_label_layer(texts, [0, 0, 0], places, BSM=("text", ["7", "8", "9"]))])
    assert caught.value.key == "vct_annotation" and not list(tmp_path.iterdir())
    for lang in ("zh", "en"):
        assert all(word in Texts(lang).explain_error(caught.value) for word in ("ZJ", "8", "VCT_TEXT"))


def test_vct_text_line_breaks_become_spaces_and_unsupported_characters_are_refused(tmp_path):
    done = write_vct(tmp_path / "a.vct", [make_label_layer(["甲\n乙", "b", "c"], [0, 0, 0])])
    assert read_vct(tmp_path / "a.vct")[0].frame["VCT_TEXT"][0] == "甲 乙"
    assert ("vct_note_commas", {"layer": "ZJ", "field": "VCT_TEXT", "count": 1}) in done.notes
    with pytest.raises(OutputError) as caught:
        write_vct(tmp_path / "a.vct", [make_label_layer(["𠮷", "b", "c"], [0, 0, 0])])
    assert caught.value.key == "vct_character"
    with pytest.raises(OutputError) as caught:
        write_vct(tmp_path / "a.vct", [make_label_layer(["a", "b", "c"], [0, np.inf, 0])])
    assert caught.value.key == "vct_no_value"


def append_annotation_record(record):
    return replace_in_squares(
        ("FeatureCodeEnd", "1000119000,注记,Annotation,ZJ\nFeatureCodeEnd"),
        ("TableStructureEnd", "ZJ,1\nZJNR,Char,60\n0\nTableStructureEnd"),
        ("AnnotationBegin\n", f"AnnotationBegin\n{record}"),
        ("TableEnd\n", "TableEnd\nZJ\n21,浑源县\nTableEnd\n"),
    )


def test_vct_annotation_with_empty_text_and_no_angle_is_read_with_a_null_angle(tmp_path):
    text = append_annotation_record("21\n1000119000\nunknown\n1\n\n37500010,4150010\n0\n")
    found = read_vct(write_vct_text(tmp_path / "a.vct", text))[1].frame
    assert found["VCT_TEXT"].tolist() == [""] and found["VCT_ANGLE"].isna().all()
    assert (found.geometry[0].x, found.geometry[0].y) == (37500010, 4150010)


@pytest.mark.parametrize(
    ("record", "key"),
    [
        ("21\n1000119000\nunknown\n1\n浑源\n37500010\n0\n", "vct_position"),
        ("21\n1000119000\nunknown\n1\n浑源\n37500010,nan,0\n0\n", "vct_position"),
        ("21\n1000119000\nunknown\n1\n浑源\n37500010,4150010,30\n", "vct_count"),
        ("21\n1000119001\nunknown\n1\n浑源\n37500010,4150010,30\n0\n", "vct_unknown_code"),
        ("11\n1000119000\nunknown\n1\n浑源\n37500010,4150010,30\n0\n", "vct_twice"),
    ],
)
def test_damaged_vct_annotation_is_refused_with_its_line(tmp_path, record, key):
    with pytest.raises(InputError) as caught:
        read_vct(write_vct_text(tmp_path / "a.vct", append_annotation_record(record)))
    assert caught.value.key == key and caught.value.params["line"] > 90


def test_vct_row_of_a_polygon_table_that_refers_to_a_point_is_refused_with_its_line(tmp_path):
    text = append_annotation_record("21\n1000119000\nunknown\n1\n浑源\n37500010,4150010,30\n0\n").replace(
        "\n11,1401", "\n21,1401"
    )
    with pytest.raises(InputError) as caught:
        read_vct(write_vct_text(tmp_path / "a.vct", text))
    assert caught.value.key == "vct_other_kind"
    message = Texts("zh").explain_error(caught.value)
    assert all(word in message for word in ("YDYHGHFQ", "21", "点", str(caught.value.params["line"]))), message
    assert "point" in Texts("en").explain_error(caught.value)


def test_vct_layer_without_features_is_written_with_every_section_and_read_back_without_rows(tmp_path):
    """Write begin and end of each section; they are read back as a layer without rows."""
    write_vct(tmp_path / "a.vct", [make_vct_layer("A", [], BSM=("text", []))])
    text = (tmp_path / "a.vct").read_bytes().decode("gbk").replace("\r\n", "\n")
    for name in ("Point", "Line", "Polygon", "Annotation", "Topology", "Style"):
        assert f"{name}Begin\n{name}End\n" in text
    assert "AttributeBegin\nA\nTableEnd\nAttributeEnd\n" in text and "ExtentMin:0,0\n" in text
    (found,) = read_vct(tmp_path / "a.vct")
    assert len(found.frame) == 0 and list(found.frame) == ["BSM", "geometry"]
    without_sections = TWO_SQUARES_TEXT.split("PointBegin")[0] + "AttributeBegin\nAttributeEnd\n"
    (found,) = read_vct(write_vct_text(tmp_path / "b.vct", without_sections))
    assert len(found.frame) == 0 and list(found.frame) == ["BSM", "GHFQDM", "geometry"]


def format_decimal(value, decimals):
    """Return a number as text, rounded to the given number of decimals."""
    text = f"{Decimal(round(value, decimals)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN):f}"
    text = text.rstrip("0").rstrip(".") if decimals else text
    return "0" if text == "-0" else text


@pytest.mark.parametrize(
    ("decimals", "low", "high"), [(4, 37_500_000, 37_600_000), (10, 100, 120), (0, 0, 500), (4, -50, 50)]
)
def test_vct_coordinate_text_equals_that_of_python_decimals(monkeypatch, decimals, low, high):
    monkeypatch.setattr("plugin.core.exchange.vct.records._VERTICES_PER_BLOCK", 40)
    xy = np.random.default_rng(3).uniform(low, high, (300, 2))
    for k in range(decimals):
        xy[k * 20 : k * 20 + 20] = np.round(xy[k * 20 : k * 20 + 20], k)
    at = [0, 1, 3, 3, 100, 104, 300]
    heads = [f"{k}\n100%s\n" for k in range(6)]
    text = "".join(format_records(xy, at, heads, "0\n", decimals))
    wanted = ""
    for k, head in enumerate(heads):
        wanted += (
            head
            + "".join(
                ",".join(format_decimal(v, decimals) for v in row) + "\n" for row in xy[at[k] : at[k + 1]].tolist()
            )
            + "0\n"
        )
    assert text == wanted


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


def write_points(path, xy, code="140122", extent=None):
    """Write points as the export does; ``extent`` replaces the corners in the header."""
    write_vct(path, [make_vct_layer("JZD", shapely.points(xy), crs=4490, XZQDM=("text", [code] * len(xy)))])
    if extent is not None:
        text = path.read_bytes().decode("gbk")
        low, high = (",".join(f"{v:.6f}" for v in corner) for corner in (extent.min(axis=0), extent.max(axis=0)))
        rows = text.split("\r\n")
        rows = [f"ExtentMin:{low}" if r.startswith("ExtentMin") else r for r in rows]
        rows = [f"ExtentMax:{high}" if r.startswith("ExtentMax") else r for r in rows]
        path.write_bytes("\r\n".join(rows).encode("gbk"))
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
    error = read_and_get_error_key(write_points(tmp_path / "a.vct", xy, code="149999"))
    assert error.key == "vct_place_packed"
    assert f"{xy[0, 0]:.10g}" in Texts("zh").explain_error(error)


@pytest.mark.parametrize("count", [1, 3, 20, 2000])
def test_decimal_degrees_in_a_vct_file_are_read(tmp_path, count):
    (found,) = read_vct(write_points(tmp_path / "a.vct", make_random_points(count, 0.3, west=112.4, south=38.0)))
    assert len(found.frame) == count and found.notices == []


def test_points_on_a_grid_of_hundredths_of_a_degree_are_read_as_decimal_degrees_without_a_notice(tmp_path):
    """Use hundredths of a degree, which have no seconds to compare."""
    xy = np.array([[112.5 + i / 100, 38.0 + j / 100] for i in range(10) for j in range(20)])
    (found,) = read_vct(write_points(tmp_path / "a.vct", xy))
    assert len(found.frame) == 200 and found.notices == []


def test_points_outside_the_extent_in_both_notations_are_read_as_decimal_degrees_with_a_notice(tmp_path):
    """Use decimal degrees that are outside the extent in both notations."""
    plain = np.array([[112.5312, 38.0144], [112.5533, 38.0521]])
    (found,) = read_vct(write_points(tmp_path / "a.vct", plain, extent=plain + 0.1))
    assert [key for key, _ in found.notices] == ["vct_note_extent"]


def test_two_points_with_digits_that_fit_dd_mmss_are_read_as_decimal_degrees_without_a_notice(tmp_path):
    """Use points with minutes and seconds below 60 by chance, inside county and extent."""
    (found,) = read_vct(write_points(tmp_path / "a.vct", np.array([[112.5312, 38.0144], [112.5533, 38.0521]])))
    assert len(found.frame) == 2 and found.notices == []


def test_points_in_dd_mmss_in_a_file_with_lines_in_decimal_degrees_are_refused(tmp_path):
    lines = shapely.linestrings(make_random_points(400, 0.3, west=112.4, south=38.0).reshape(-1, 2, 2))
    points = pack_degrees(make_random_points(300, 0.3, west=112.4, south=38.0))
    path = tmp_path / "a.vct"
    layers = [
        make_vct_layer("JZD", shapely.points(points), crs=4490, XZQDM=("text", ["140122"] * len(points))),
        make_vct_layer("JZX", lines, crs=4490, XZQDM=("text", ["140122"] * len(lines))),
    ]
    write_vct(path, layers)
    assert read_and_get_error_key(path).key == "vct_place_packed"


PARCEL_X, PARCEL_Y = 38_384_000.0, 4_212_000.0
PARCEL_KEYS = [f"14012210000000000{k}" for k in (1, 2, 3)]
PARCEL_SQUARES = [shapely.box(PARCEL_X + x, PARCEL_Y, PARCEL_X + x + 100, PARCEL_Y + 100) for x in (0, 100, 200)]


def make_road_layer(length_m):
    line = shapely.linestrings([[PARCEL_X, PARCEL_Y], [PARCEL_X + 300, PARCEL_Y], [PARCEL_X + 300, PARCEL_Y + 400]])
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


def make_square_at(x, y=0.0, width=100.0):
    return box(X + x, Y + y, X + x + width, Y + y + width)


def write_and_read(path, *layers, join=True):
    """Write layers to VCT; return the layers read back, with the parts of a feature joined or not."""
    write_vct(path, layers)
    return read_vct(path, merges_parts=join)


def test_vct_rows_that_differ_only_in_shape_are_joined_and_rows_with_different_keys_are_not(tmp_path):
    """Write a feature of three squares beside features that differ only in their key."""
    shapes = [
        MultiPolygon([make_square_at(0), make_square_at(200), make_square_at(400)]),
        make_square_at(600),
        make_square_at(800),
    ]
    columns = {"BSM": ("text", ["1", "2", "2b"]), "MC": ("text", ["甲", "甲", "甲"])}
    (found,) = write_and_read(tmp_path / "a.vct", make_vct_layer("A", shapes, **columns))
    assert found.frame["BSM"].tolist() == ["1", "2", "2b"]
    assert [shapely.get_num_geometries(s) for s in found.frame.geometry] == [3, 1, 1]
    assert all(a.equals(b) for a, b in zip(found.frame.geometry, shapes, strict=True))
    assert [(k, p["count"]) for k, p in found.notices if k != "vct_note_place_unknown"] == [("vct_note_joined", 1)]
    (separate,) = read_vct(tmp_path / "a.vct")
    assert separate.frame["BSM"].tolist() == ["1", "1", "1", "2", "2b"]


@pytest.mark.parametrize(
    ("shapes", "keys", "rows"),
    [
        ([make_square_at(0), make_square_at(200)], [None, None], 2),
        ([make_square_at(0), make_square_at(200)], ["1", "2"], 2),
        ([make_square_at(0), make_square_at(0)], ["1", "1"], 2),
        ([make_square_at(0), make_square_at(100)], ["1", "1"], 2),
        ([make_square_at(0), None, make_square_at(200)], ["1", "1", "1"], 3),
        ([make_square_at(0), make_square_at(200)], ["1", "1"], 1),
    ],
    ids=["no key", "two keys", "duplicate land", "sharing an edge", "one without a shape", "equal rows"],
)
def test_vct_rows_without_a_key_or_with_overlapping_adjacent_or_missing_shapes_are_not_joined(
    tmp_path, shapes, keys, rows
):
    (found,) = write_and_read(tmp_path / "a.vct", make_vct_layer("A", shapes, BSM=("text", keys)))
    assert len(found.frame) == rows
    present = [s for s in shapes if s is not None]
    assert np.isclose(found.frame.area.sum(), sum(s.area for s in present))


def test_parts_of_a_vct_line_are_joined_but_points_are_not(tmp_path):
    line = MultiLineString([[(X, Y), (X + 5, Y)], [(X, Y + 5), (X + 5, Y + 5)]])
    points = shapely.MultiPoint([(X, Y), (X + 5, Y)])
    lines, dots = write_and_read(
        tmp_path / "a.vct",
        make_vct_layer("X", [line], BSM=("text", ["1"])),
        make_vct_layer("D", [points], BSM=("text", ["1"])),
    )
    assert lines.frame.geometry[0].equals(line) and len(dots.frame) == 2


def test_parts_of_a_vct_feature_are_joined_across_read_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(read, "_BATCH_ROWS", 2)
    shapes = [
        make_square_at(0),
        MultiPolygon([make_square_at(200 * n, 500) for n in range(5)]),
        make_square_at(1000),
        make_square_at(1200),
    ]
    (found,) = write_and_read(tmp_path / "a.vct", make_vct_layer("A", shapes, BSM=("text", ["1", "2", "3", "4"])))
    assert found.frame["BSM"].tolist() == ["1", "2", "3", "4"]
    assert shapely.get_num_geometries(found.frame.geometry.to_numpy()).tolist() == [1, 5, 1, 1]
