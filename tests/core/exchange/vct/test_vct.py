# SPDX-License-Identifier: GPL-2.0-or-later
"""VCT 3.0 files written and read back, compared by plain shapely and geopandas."""

import errno
import re

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon, box

from plugin.core.errors import InputError, OutputError
from plugin.core.exchange.vct import store
from plugin.core.exchange.vct.read import open_vct, read_vct
from plugin.core.exchange.vct.settings import load_settings
from plugin.core.exchange.vct.write import write_vct
from plugin.core.messages.texts import Texts
from tests.core.vct_files import TWO_SQUARES_TEXT, find_line_number, make_vct_layer, replace_in_squares, write_vct_text

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
        assert vct.header.crs.to_epsg() == epsg and not vct.remarks.make_notes()


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
    text = replace_in_squares(("Separator:,", "Separator:;"), ("Dim:2", "Dim:3"))
    head, rest = text.split("HeadEnd\n")
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
