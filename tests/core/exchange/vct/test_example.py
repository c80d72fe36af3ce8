# SPDX-License-Identifier: GPL-2.0-or-later
"""The example of two squares, compared byte for byte after aligning the free choices of the writer.

Free choices are ids of lines and polygons, the order of the lines, the end at which a line begins (with the sign of
the items that name it), and the first line of a ring.
"""

import dataclasses
import datetime
import re

import pytest
from shapely import Polygon, box

from plugin.core.exchange.vct.settings import load_settings
from plugin.core.exchange.vct.write import write_vct
from plugin.core.standard import load_standard
from tests.core.vct_files import SQUARES, changed_text, layer

X, Y = 37_500_000.0, 4_150_000.0
EXAMPLE = SQUARES.replace("\n", "\r\n").encode("gbk")
#: The declaration of the example, with fewer fields than the template.
TEMPLATE = load_standard().templates["YDYHGHFQ"]
TEMPLATE = dataclasses.replace(
    TEMPLATE,
    name="规划分区",
    fields=tuple(
        dataclasses.replace(f, length={"BSM": 18, "GHFQDM": 3}[f.name])
        for f in TEMPLATE.fields
        if f.name in ("BSM", "GHFQDM")
    ),
)
WEST, EAST = box(X, Y, X + 100, Y + 100), box(X + 100, Y, X + 200, Y + 100)


def split_records(text, section):
    """Return the records of a section as lists of lines.

    A record ends with a line 0 after at least six other lines.
    """
    body = text.split(f"{section}Begin\n")[1].split(f"{section}End")[0]
    return [one.split("\n") for one in re.findall(r"(?:.+\n){6,}?0\n(?=\d+\n\d{10}\n|\Z)", body)]


def align_choices(text, wanted):
    """Return the text with the free choices of the writer as in ``wanted``."""
    theirs = {tuple(one[7:-2]): one for one in split_records(wanted, "Line")}
    sign, ours = {}, {}
    for one in split_records(text, "Line"):
        xy = tuple(one[7:-2])
        turned = xy not in theirs
        its = theirs[xy[::-1] if turned else xy]
        sign[int(one[0])] = (-1 if turned else 1) * int(its[0])
        ours[int(its[0])] = "\n".join([its[0], *one[1:7], *its[7:-2], *one[-2:]])
    lines = "".join(ours[number] for number in sorted(ours))
    polygons, names = "", {}
    for one, its in zip(split_records(text, "Polygon"), split_records(wanted, "Polygon"), strict=True):
        names[one[0]] = its[0]
        chain = [int(item) // abs(int(item)) * sign[abs(int(item))] for item in one[7].split(",")]
        begin = chain.index(int(its[7].split(",")[0]))
        row = ",".join(map(str, chain[begin:] + chain[:begin]))
        polygons += "\n".join([its[0], *one[1:7], row, *one[8:]])
    text = re.sub(r"(?<=LineBegin\n)[\s\S]*(?=LineEnd)", lines, text, count=1)
    text = re.sub(r"(?<=PolygonBegin\n)[\s\S]*(?=PolygonEnd)", polygons, text, count=1)
    return re.sub(r"^(\d+)(?=,1401)", lambda found: names[found[1]], text, flags=re.M)


def write_squares(path, shapes, vct_settings=None):
    columns = {
        "BSM": ("text", ["140122000000000001", "140122000000000002"]),
        "GHFQDM": ("text", ["510", "520"]),
    }
    one = layer("YDYHGHFQ", shapes, **columns)
    write_vct(path, [one], templates={"YDYHGHFQ": TEMPLATE}, settings=vct_settings, today=datetime.date(2026, 11, 20))
    return path.read_bytes()


@pytest.mark.parametrize("begin", range(4))
@pytest.mark.parametrize("turned", [False, True], ids=["clockwise", "anticlockwise"])
def test_two_squares_match_the_example_in_any_vertex_order(tmp_path, begin, turned):
    """Draw the squares from any first corner and in either direction."""
    shapes = []
    for shape in (WEST, EAST):
        ring = list(shape.exterior.coords)[:-1]
        ring = ring[begin:] + ring[:begin]
        shapes.append(Polygon(ring[::-1] if turned else ring))
    text = write_squares(tmp_path / "a.vct", shapes).decode("gbk")
    assert text.count("\n") == text.count("\r\n")
    text = align_choices(text.replace("\r\n", "\n"), SQUARES)
    assert text.replace("\n", "\r\n").encode("gbk") == EXAMPLE


def test_long_header_form_matches_the_standard(tmp_path):
    """Choose the header form of the standard by the settings."""
    form = dataclasses.replace(load_settings(), datamark="CNSDTF-VCT", parameters="long", map_scale=5000)
    wanted = changed_text(
        ("LANDUSE-VCT", "CNSDTF-VCT"), ("111,1,37500000,0,3,37", "111,,,,1.0,37500000.0,0.0,3,37"), ("Scale:2000", "Scale:5000")
    )  # fmt: skip
    text = write_squares(tmp_path / "a.vct", [WEST, EAST], form).decode("gbk").replace("\r\n", "\n")
    assert align_choices(text, wanted) == wanted


def test_comparison_detects_wrong_content(tmp_path):
    text = write_squares(tmp_path / "a.vct", [WEST, EAST]).decode("gbk").replace("\r\n", "\n")
    for old, new in (("\n-2,3\n", "\n2,3\n"), (",520\n", ",521\n"), ("\nunknown\n", "\n\n"), ("Char,18", "Char,19")):
        assert old in text
        try:
            same = align_choices(text.replace(old, new, 1), SQUARES) == SQUARES
        except (ValueError, LookupError):
            same = False
        assert not same, old
