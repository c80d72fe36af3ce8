# SPDX-License-Identifier: GPL-2.0-or-later
"""Annotation out and in, and sections in which nothing stands."""

import numpy as np
import pytest
import shapely

from plugin.core.errors import InputError, OutputError
from plugin.core.exchange.vct.read import read_vct
from plugin.core.exchange.vct.write import write_vct
from plugin.core.messages.texts import Texts
from tests.core.vct_files import SQUARES, changed_text, layer, write_file

X, Y = 37_500_000.0, 4_150_000.0


def points(*places):
    return [None if p is None else shapely.Point(X + p[0], Y + p[1]) for p in places]


def labels(texts, angles, places=((10, 10), (20, 20.5), (30, 30)), **more):
    columns = {"VCT_TEXT": ("text", texts), "VCT_ANGLE": ("real", angles), "ZJLX": ("text", ["村"] * len(texts))}
    return layer("ZJ", points(*places), **columns, **more)


def section(path, name):
    text = path.read_bytes().decode("gbk").replace("\r\n", "\n")
    return text.split(f"{name}Begin\n")[1].split(f"{name}End")[0].split("\n")[:-1]


def test_out_and_in(tmp_path):
    """The record as the facts give it, word by word; a comma needs no change in a line of its own."""
    given = ["浑源", " 一,二 ", "0"]
    done = write_vct(tmp_path / "a.vct", [labels(given, [30.5, 1 / 3, np.nan])])
    assert done.features == done.rows == {"ZJ": 3}
    lines = section(tmp_path / "a.vct", "Annotation")
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


def test_beside_points_and_once_more_round(tmp_path):
    stops = layer("ZD", points((1, 1)), MC=("text", ["站"]))
    write_vct(tmp_path / "a.vct", [stops, labels(["甲", "乙", "丙"], [0, 90, 180])])
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
def test_what_lacks_text_or_place_is_told(tmp_path, texts, places):
    with pytest.raises(OutputError) as caught:
        write_vct(tmp_path / "a.vct", [labels(texts, [0, 0, 0], places, BSM=("text", ["7", "8", "9"]))])
    assert caught.value.key == "vct_annotation" and not list(tmp_path.iterdir())
    for lang in ("zh", "en"):
        assert all(word in Texts(lang).explain(caught.value) for word in ("ZJ", "8", "VCT_TEXT"))


def test_line_ends_and_characters(tmp_path):
    done = write_vct(tmp_path / "a.vct", [labels(["甲\n乙", "b", "c"], [0, 0, 0])])
    assert read_vct(tmp_path / "a.vct")[0].frame["VCT_TEXT"][0] == "甲 乙"
    assert ("vct_note_commas", {"layer": "ZJ", "field": "VCT_TEXT", "count": 1}) in done.notes
    with pytest.raises(OutputError) as caught:
        write_vct(tmp_path / "a.vct", [labels(["𠮷", "b", "c"], [0, 0, 0])])
    assert caught.value.key == "vct_character"
    with pytest.raises(OutputError) as caught:
        write_vct(tmp_path / "a.vct", [labels(["a", "b", "c"], [0, np.inf, 0])])
    assert caught.value.key == "vct_no_value"


def with_annotation(record):
    return changed_text(
        ("FeatureCodeEnd", "1000119000,注记,Annotation,ZJ\nFeatureCodeEnd"),
        ("TableStructureEnd", "ZJ,1\nZJNR,Char,60\n0\nTableStructureEnd"),
        ("AnnotationBegin\n", f"AnnotationBegin\n{record}"),
        ("TableEnd\n", "TableEnd\nZJ\n21,浑源县\nTableEnd\n"),
    )


def test_an_empty_text_and_no_angle_of_another_writer(tmp_path):
    text = with_annotation("21\n1000119000\nunknown\n1\n\n37500010,4150010\n0\n")
    found = read_vct(write_file(tmp_path / "a.vct", text))[1].frame
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
def test_damaged_annotation_is_told(tmp_path, record, key):
    with pytest.raises(InputError) as caught:
        read_vct(write_file(tmp_path / "a.vct", with_annotation(record)))
    assert caught.value.key == key and caught.value.params["line"] > 90


def test_a_row_that_names_a_shape_of_another_kind_is_told(tmp_path):
    text = with_annotation("21\n1000119000\nunknown\n1\n浑源\n37500010,4150010,30\n0\n").replace(
        "\n11,1401", "\n21,1401"
    )
    with pytest.raises(InputError) as caught:
        read_vct(write_file(tmp_path / "a.vct", text))
    assert caught.value.key == "vct_other_kind"
    said = Texts("zh").explain(caught.value)
    assert all(word in said for word in ("YDYHGHFQ", "21", "点", str(caught.value.params["line"]))), said
    assert "point" in Texts("en").explain(caught.value)


def test_sections_with_nothing_in_them(tmp_path):
    """A layer without features: every section there, begun and ended, and read as a layer of no rows."""
    write_vct(tmp_path / "a.vct", [layer("A", [], BSM=("text", []))])
    text = (tmp_path / "a.vct").read_bytes().decode("gbk").replace("\r\n", "\n")
    for name in ("Point", "Line", "Polygon", "Annotation", "Topology", "Style"):
        assert f"{name}Begin\n{name}End\n" in text
    assert "AttributeBegin\nA\nTableEnd\nAttributeEnd\n" in text and "ExtentMin:0,0\n" in text
    (found,) = read_vct(tmp_path / "a.vct")
    assert len(found.frame) == 0 and list(found.frame) == ["BSM", "geometry"]
    bare = SQUARES.split("PointBegin")[0] + "AttributeBegin\nAttributeEnd\n"
    (found,) = read_vct(write_file(tmp_path / "b.vct", bare))
    assert len(found.frame) == 0 and list(found.frame) == ["BSM", "GHFQDM", "geometry"]
