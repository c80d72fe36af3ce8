# SPDX-License-Identifier: GPL-2.0-or-later
"""VCT annotation (text labels) written and read back, and empty VCT sections."""

import numpy as np
import pytest
import shapely

from plugin.core.errors import InputError, OutputError
from plugin.core.exchange.vct.read import read_vct
from plugin.core.exchange.vct.write import write_vct
from plugin.core.messages.texts import Texts
from tests.core.vct_files import TWO_SQUARES_TEXT, make_vct_layer, replace_in_squares, write_vct_text

X, Y = 37_500_000.0, 4_150_000.0


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
    first = read_vct(tmp_path / "a.vct")
    write_vct(tmp_path / "b.vct", first)
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
