# SPDX-License-Identifier: GPL-2.0-or-later
"""The VCT example of two squares, compared byte for byte with the written file.

Ids, the order and direction of lines and the first line of a ring are free; they are made equal before.
"""

import dataclasses
import datetime
import re

import pytest
from shapely import Polygon, box

from plugin.core.exchange.vct.settings import load_settings
from plugin.core.exchange.vct.write import write_vct
from plugin.core.standard import load_standard
from tests.core.vct_files import TWO_SQUARES_TEXT, make_vct_layer, replace_in_squares

X, Y = 37_500_000.0, 4_150_000.0
EXAMPLE_FILE_BYTES = TWO_SQUARES_TEXT.replace("\n", "\r\n").encode("gbk")
#: The declaration of the example, with fewer fields than the template.
ZONE_TEMPLATE = load_standard().templates["YDYHGHFQ"]
ZONE_TEMPLATE = dataclasses.replace(
    ZONE_TEMPLATE,
    name="规划分区",
    fields=tuple(
        dataclasses.replace(f, length={"BSM": 18, "GHFQDM": 3}[f.name])
        for f in ZONE_TEMPLATE.fields
        if f.name in ("BSM", "GHFQDM")
    ),
)
WEST_SQUARE, EAST_SQUARE = box(X, Y, X + 100, Y + 100), box(X + 100, Y, X + 200, Y + 100)


def split_section_records(text, section):
    """Return the records of a VCT section as lists of lines.

    A record ends with a line 0 after at least six other lines.
    """
    body = text.split(f"{section}Begin\n")[1].split(f"{section}End")[0]
    return [one.split("\n") for one in re.findall(r"(?:.+\n){6,}?0\n(?=\d+\n\d{10}\n|\Z)", body)]


def align_free_choices(text, wanted):
    """Return a VCT text with ids, line order and directions as in ``wanted``."""
    theirs = {tuple(one[7:-2]): one for one in split_section_records(wanted, "Line")}
    sign, ours = {}, {}
    for one in split_section_records(text, "Line"):
        xy = tuple(one[7:-2])
        turned = xy not in theirs
        its = theirs[xy[::-1] if turned else xy]
        sign[int(one[0])] = (-1 if turned else 1) * int(its[0])
        ours[int(its[0])] = "\n".join([its[0], *one[1:7], *its[7:-2], *one[-2:]])
    lines = "".join(ours[number] for number in sorted(ours))
    polygons, names = "", {}
    for one, its in zip(split_section_records(text, "Polygon"), split_section_records(wanted, "Polygon"), strict=True):
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
    one = make_vct_layer("YDYHGHFQ", shapes, **columns)
    write_vct(
        path, [one], templates={"YDYHGHFQ": ZONE_TEMPLATE}, settings=vct_settings, today=datetime.date(2026, 11, 20)
    )
    return path.read_bytes()


@pytest.mark.parametrize("begin", range(4))
@pytest.mark.parametrize("turned", [False, True], ids=["clockwise", "anticlockwise"])
def test_vct_export_of_two_squares_equals_the_example_file_for_any_start_vertex_and_direction(tmp_path, begin, turned):
    """Write the squares with each start vertex and in both directions."""
    shapes = []
    for shape in (WEST_SQUARE, EAST_SQUARE):
        ring = list(shape.exterior.coords)[:-1]
        ring = ring[begin:] + ring[:begin]
        shapes.append(Polygon(ring[::-1] if turned else ring))
    text = write_squares(tmp_path / "a.vct", shapes).decode("gbk")
    assert text.count("\n") == text.count("\r\n")
    text = align_free_choices(text.replace("\r\n", "\n"), TWO_SQUARES_TEXT)
    assert text.replace("\n", "\r\n").encode("gbk") == EXAMPLE_FILE_BYTES


def test_vct_settings_with_long_parameters_write_the_long_header_form_of_the_standard(tmp_path):
    """Select the long header form of the standard in the VCT settings."""
    form = dataclasses.replace(load_settings(), datamark="CNSDTF-VCT", parameters="long", map_scale=5000)
    wanted = replace_in_squares(
        ("LANDUSE-VCT", "CNSDTF-VCT"), ("111,1,37500000,0,3,37", "111,,,,1.0,37500000.0,0.0,3,37"), ("Scale:2000", "Scale:5000")
    )  # fmt: skip
    text = write_squares(tmp_path / "a.vct", [WEST_SQUARE, EAST_SQUARE], form).decode("gbk").replace("\r\n", "\n")
    assert align_free_choices(text, wanted) == wanted
