# SPDX-License-Identifier: GPL-2.0-or-later
"""The example of two squares, byte for byte: what the writer may choose is put as the example has it, and nothing else.

Its choices, none of which a reader may care about: the ids of lines and polygons, the order of the lines in the file, the end
that a line begins at (with the sign of the items that name it), and the line that a ring begins with.
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
#: What the example's table declares, which is shorter than the template.
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


def records(text, section):
    """The records of a section, each as its lines; they end with a line 0 that follows at least six others."""
    body = text.split(f"{section}Begin\n")[1].split(f"{section}End")[0]
    return [one.split("\n") for one in re.findall(r"(?:.+\n){6,}?0\n(?=\d+\n\d{10}\n|\Z)", body)]


def as_in_the_example(text, wanted):
    """The text with the choices of the writer as they are in ``wanted``: both of the two squares."""
    theirs = {tuple(one[7:-2]): one for one in records(wanted, "Line")}
    sign, ours = {}, {}
    for one in records(text, "Line"):
        xy = tuple(one[7:-2])
        turned = xy not in theirs
        its = theirs[xy[::-1] if turned else xy]
        sign[int(one[0])] = (-1 if turned else 1) * int(its[0])
        ours[int(its[0])] = "\n".join([its[0], *one[1:7], *its[7:-2], *one[-2:]])
    lines = "".join(ours[number] for number in sorted(ours))
    polygons, names = "", {}
    for one, its in zip(records(text, "Polygon"), records(wanted, "Polygon"), strict=True):
        names[one[0]] = its[0]
        chain = [int(item) // abs(int(item)) * sign[abs(int(item))] for item in one[7].split(",")]
        begin = chain.index(int(its[7].split(",")[0]))
        row = ",".join(map(str, chain[begin:] + chain[:begin]))
        polygons += "\n".join([its[0], *one[1:7], row, *one[8:]])
    text = re.sub(r"(?<=LineBegin\n)[\s\S]*(?=LineEnd)", lines, text, count=1)
    text = re.sub(r"(?<=PolygonBegin\n)[\s\S]*(?=PolygonEnd)", polygons, text, count=1)
    return re.sub(r"^(\d+)(?=,1401)", lambda found: names[found[1]], text, flags=re.M)


def written(path, shapes, form=None):
    columns = {
        "BSM": ("text", ["140122000000000001", "140122000000000002"]),
        "GHFQDM": ("text", ["510", "520"]),
    }
    one = layer("YDYHGHFQ", shapes, **columns)
    write_vct(path, [one], templates={"YDYHGHFQ": TEMPLATE}, settings=form, today=datetime.date(2026, 11, 20))
    return path.read_bytes()


@pytest.mark.parametrize("begin", range(4))
@pytest.mark.parametrize("turned", [False, True], ids=["clockwise", "anticlockwise"])
def test_the_whole_file(tmp_path, begin, turned):
    """However the squares are drawn: whichever corner first, whichever way round."""
    shapes = []
    for shape in (WEST, EAST):
        ring = list(shape.exterior.coords)[:-1]
        ring = ring[begin:] + ring[:begin]
        shapes.append(Polygon(ring[::-1] if turned else ring))
    made = written(tmp_path / "a.vct", shapes).decode("gbk")
    assert made.count("\n") == made.count("\r\n")
    made = as_in_the_example(made.replace("\r\n", "\n"), SQUARES)
    assert made.replace("\n", "\r\n").encode("gbk") == EXAMPLE


def test_the_other_header(tmp_path):
    """The form of the standard's text, chosen by the settings."""
    form = dataclasses.replace(load_settings(), datamark="CNSDTF-VCT", parameters="long", map_scale=5000)
    wanted = changed_text(
        ("LANDUSE-VCT", "CNSDTF-VCT"), ("111,1,37500000,0,3,37", "111,,,,1.0,37500000.0,0.0,3,37"), ("Scale:2000", "Scale:5000")
    )  # fmt: skip
    made = written(tmp_path / "a.vct", [WEST, EAST], form).decode("gbk").replace("\r\n", "\n")
    assert as_in_the_example(made, wanted) == wanted


def test_the_comparison_sees_what_is_wrong(tmp_path):
    made = written(tmp_path / "a.vct", [WEST, EAST]).decode("gbk").replace("\r\n", "\n")
    for old, new in (("\n-2,3\n", "\n2,3\n"), (",520\n", ",521\n"), ("\nunknown\n", "\n\n"), ("Char,18", "Char,19")):
        assert old in made
        try:
            same = as_in_the_example(made.replace(old, new, 1), SQUARES) == SQUARES
        except (ValueError, LookupError):
            same = False
        assert not same, old
