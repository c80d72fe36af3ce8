# SPDX-License-Identifier: GPL-2.0-or-later
"""VCT files damaged in one place: refused with the line, or read with a note."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pandas as pd
import pyogrio
import pytest
import shapely

from plugin.core.__main__ import main
from plugin.core.base.errors import InputError
from plugin.core.exchange.vct.database import convert_vct_to_database
from plugin.core.exchange.vct.write import write_vct
from plugin.core.standard import load_standard
from plugin.core.standard.messages.texts import Texts
from tests.core.vct_files import make_vct_layer, read_vct

#: In 阳曲 (140122), zone 38 of 3°.
X, Y = 38_384_000.0, 4_212_000.0


@cache
def export_example():
    """Return the text of an exported VCT file with each kind of feature.

    It has points, a line, annotation, two squares with a common edge, and a ring around a hole.
    """

    def make_square(x, y=0.0, width=100.0):
        return shapely.box(X + x, Y + y, X + x + width, Y + y + width)

    zones = {
        "BSM": ("text", [f"14012210000000000{k}" for k in (1, 2, 3)]),
        "XZQDM": ("text", ["140122"] * 3),
        "MJ": ("real", [10_000.0, 10_000.0, 8_400.0]),
        "SL": ("integer", [1, 2, 3]),
        "RQ": ("date", pd.to_datetime(["2025-01-01", "2025-12-31", None])),
    }
    ring = make_square(300).difference(make_square(320, 20, 40))
    layers = [
        make_vct_layer(
            "JZD", shapely.points([[X + 10, Y + 10], [X + 11.25, Y + 12]]), crs=4526, MC=("text", ["站", "井"])
        ),
        make_vct_layer(
            "DL", [shapely.linestrings([[X, Y + 50], [X + 9, Y + 50], [X + 9, Y + 59]])], crs=4526, MC=("text", ["路"])
        ),
        make_vct_layer("YDYHGHFQ", [make_square(0), make_square(100), ring], crs=4526, **zones),
        make_vct_layer(
            "ZJ", shapely.points([[X + 50, Y + 50]]), crs=4526, VCT_TEXT=("text", ["浑源"]), VCT_ANGLE=("real", [30.0])
        ),
    ]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.vct"
        write_vct(path, layers, templates=load_standard().templates)
        return path.read_bytes().decode("gbk").replace("\r\n", "\n")


class Damage(NamedTuple):
    """A damage of a VCT text and the message that is expected for it.

    ``pairs``: pieces of text and their replacements. ``key``: text key of the refusal or note. ``lines``: offset of
    the reported line from the first damaged line, None if the message names no line. ``words``: parts of the message
    in both languages.
    """

    pairs: tuple
    key: str
    words: tuple = ()
    lines: int | None = 0


def make_default_damage(*pairs, key, words=(), lines=0):
    return Damage(pairs, key, words if isinstance(words, tuple) else (words,), lines)


def replace_header_value(key, value, problem, words=None, lines=0):
    """Return a damage that replaces a header value; its message has key and value."""
    old = next(line for line in export_example().split("\n") if line.startswith(f"{key}:"))
    return make_default_damage(
        (f"\n{old}\n", f"\n{key}:{value}\n"), key=problem, words=(key, value) if words is None else words, lines=lines
    )


def find_header_line(key):
    """Return the header line of a key in the exported example, with the line ends around it."""
    return next(f"\n{line}\n" for line in export_example().split("\n") if line.startswith(f"{key}:"))


def text_after_piece(piece):
    """Return the text that follows a piece in the exported example."""
    return export_example()[export_example().index(piece) + len(piece.rstrip("\n")) :]


def cut_section(name, remaining=""):
    """Return the text of a VCT section and the file text without it."""
    text = export_example()
    start, stop = text.index(f"{name}Begin\n"), text.index(f"{name}End\n") + len(name) + 4
    return text[start:stop], remaining


def swap_coordinate_axes():
    """Return replacements that exchange the two numbers of every position."""
    import re

    found = dict.fromkeys(re.findall(r"^38384\d+(?:\.\d+)?,4212\d+(?:\.\d+)?(?=\n|,)", export_example(), flags=re.M))
    return tuple((one, ",".join(reversed(one.split(",")))) for one in found)


#: Lines between a key and HeadEnd.
LAST_HEADER_KEY_LINES = {"Spheroid": 11, "Parameters": 8}
REPLACE_ALL = "all"  # third item of a pair: replace every occurrence


def replace_easting(old_x, new_x):
    """Return the replacement of all lines that begin with an easting, for `make_default_damage`."""
    return (f"\n{old_x}", f"\n{new_x}", REPLACE_ALL)


POLYGONS, LINES, POINTS = cut_section("Polygon")[0], cut_section("Line")[0], cut_section("Point")[0]
FEATURE_CODES, TABLES = cut_section("FeatureCode")[0], cut_section("TableStructure")[0]
#: Title → damage.
DAMAGES_BY_NAME = {
    "x and y swapped": make_default_damage(
        *((f"\n{a}", f"\n{b}", REPLACE_ALL) for a, b in swap_coordinate_axes()), key="vct_place_axis", lines=None
    ),
    "axes N and E": make_default_damage(
        ("XAxisDirection:E", "XAxisDirection:N"),
        ("YAxisDirection:N", "YAxisDirection:E"),
        key="vct_place_axis",
        lines=None,
    ),
    "metres declared as degrees": make_default_damage(
        ("CoordinateSystemType:P", "CoordinateSystemType:D"),
        ("XYUnit:M", "XYUnit:D"),
        key="vct_place_metres",
        lines=None,
    ),
    "easting without the prefix": replace_header_value(
        "Parameters", "114,1,500000,0,3,38", "vct_place_prefix", ("EPSG:4547",), lines=None
    ),
    "coordinates without the prefix": make_default_damage(
        replace_easting("38384", "384"), key="vct_place_prefix", words="EPSG:4526", lines=None
    ),
    "another zone": replace_header_value(
        "Parameters", "111,1,37500000,0,3,37", "vct_place_zone", ("EPSG:4525", "111"), lines=None
    ),
    "one axis of two": replace_header_value(
        "XAxisDirection", "N", "vct_axes", ("XAxisDirection", "YAxisDirection"), lines=1
    ),
    "an axis that runs west": replace_header_value("XAxisDirection", "W", "vct_head_wanted"),
    "metres with the unit of degrees": replace_header_value("XYUnit", "D", "vct_head_wanted"),
    "kilometres": replace_header_value("XYUnit", "KM", "vct_head_wanted"),
    "a geocentric system": replace_header_value("CoordinateSystemType", "C", "vct_head_wanted"),
    "zone contradicts meridian": replace_header_value(
        "Parameters", "111,1,38500000,0,3,38", "vct_meridian", ("111", "114")
    ),
    "a scale of 0.9996": replace_header_value("Parameters", "114,0.9996,38500000,0,3,38", "vct_head_wanted"),
    "a northing of a thousand km": replace_header_value("Parameters", "114,1,38500000,1000000,3,38", "vct_head_wanted"),
    "a false easting of another kind": replace_header_value("Parameters", "114,1,38600000,0,3,38", "vct_head_wanted"),
    "parameters cut short": replace_header_value("Parameters", "114,1", "vct_head_value"),
    "parameters of zeros": replace_header_value("Parameters", "0,1,500000,0,0,0", "vct_head_value"),
    "parameters in words": replace_header_value(
        "Parameters", "中央经线114,1,38500000,0,3,38", "vct_head_value", ("Parameters",)
    ),
    "a latitude of origin": replace_header_value("Parameters", "114,36,,,1.0,38500000.0,0.0,3,38", "vct_head_wanted"),
    "no parameters": replace_header_value("Parameters", "", "vct_head_absent", ("Parameters", "114,1,38500000,0,3,38")),
    "another projection": replace_header_value("Projection", "兰伯特投影", "vct_head_wanted"),
    "another axis of the ellipsoid": replace_header_value("Spheroid", "CGCS2000,6378140,298.257222101", "vct_spheroid"),
    "another flattening": replace_header_value("Spheroid", "CGCS2000,6378137.0,298.3", "vct_spheroid"),
    "an ellipsoid of 1954": replace_header_value("Spheroid", "Krasovsky,6378245,298.3", "vct_spheroid"),
    "the WGS84 ellipsoid": replace_header_value("Spheroid", "WGS84,6378137.0,298.257223563", "vct_spheroid"),
    "an unknown ellipsoid": replace_header_value("Spheroid", "Bessel,6377397.155,299.1528128", "vct_spheroid"),
    "an ellipsoid in words": replace_header_value("Spheroid", "CGCS2000,长半轴,扁率", "vct_head_value"),
    "Xian 80": replace_header_value("Spheroid", "西安80,6378140,298.257", "vct_spheroid"),
    "another prime meridian": replace_header_value("PrimeMeridian", "Paris", "vct_head_wanted"),
    "dimension 3 without heights": replace_header_value("Dim", "3", "vct_position", ("3",), lines=None),
    "dimension 4": replace_header_value("Dim", "4", "vct_head_dim"),
    "a dimension of words": replace_header_value("Dim", "二维", "vct_head_dim"),
    "a dimension of two numbers": replace_header_value("Dim", "2,7", "vct_head_dim"),
    "a dimension of a separator": replace_header_value("Dim", ",", "vct_head_dim"),
    "heights with dimension 2": make_default_damage(
        ("38384010,4212010", "38384010,4212010,870.5"), key="vct_position", words="870.5"
    ),
    "version 2.0": replace_header_value("Version", "2.0", "vct_note_version", ("2.0",)),
    "an unknown key": make_default_damage(
        ("\nHeadEnd", "\nRotation:15\nHeadEnd"), key="vct_note_head_unused", words=("Rotation", "15")
    ),
    "a mark of a raster": replace_header_value("Datamark", "CNSDTF-RAS", "vct_head_form"),
    "a repeated header key": make_default_damage(
        ("\nHeadEnd", "\nParameters:111,1,37500000,0,3,37\nHeadEnd"), key="vct_head_twice", words="Parameters"
    ),
    "a line of the header without key": make_default_damage(
        ("\nHeadEnd", "\n38500000\nHeadEnd"), key="vct_head_line", words="38500000"
    ),
    "a separate meridian that differs": make_default_damage(
        ("\nHeadEnd", "\nMeridian:111\nHeadEnd"), key="vct_head_wanted", words=("Meridian", "111", "114")
    ),
    "a separate meridian of the next zone": make_default_damage(
        ("\nHeadEnd", "\nMeridinan:117°0′0″\nHeadEnd"), key="vct_head_wanted", words=("Meridinan", "117", "114")
    ),
    "a separate meridian with minutes": make_default_damage(
        ("\nHeadEnd", "\nMeridian:114°30′\nHeadEnd"), key="vct_head_wanted", words=("Meridian", "30", "114")
    ),
    "a separate meridian in words": make_default_damage(
        ("\nHeadEnd", "\nMeridian:本县\nHeadEnd"), key="vct_note_head_unused", words=("Meridian", "本县")
    ),
    "an offset of words": replace_header_value("Offset", "none,none", "vct_head_offset"),
    "an offset of one number": replace_header_value("Offset", "5", "vct_head_offset", ("Offset", "5")),
    "an offset of a separator": replace_header_value("Offset", ",", "vct_head_offset"),
    "an offset with a gap": replace_header_value("Offset", "10,,20", "vct_head_offset"),
    "an offset that is not a number": replace_header_value("Offset", "NaN,0", "vct_head_offset"),
    "an offset": replace_header_value("Offset", "10,20", "vct_note_offset", ("10", "20")),
    "another separator": replace_header_value("Separator", ";", "vct_class", (";", "Separator"), lines=3),
    "a separator that is a digit": replace_header_value("Separator", "3", "vct_head_form"),
    "an extent too small": replace_header_value(
        "ExtentMax", "38384300,4212100", "vct_note_extent", ("38384300", "38384400", "100 m")
    ),
    "an extent too large": replace_header_value(
        "ExtentMax", "38394400,4212100", "vct_note_extent", ("38394400", "38384400")
    ),
    "an extent of zero": make_default_damage(
        (f"ExtentMin:{X:.0f},{Y:.0f}", "ExtentMin:0,0"),
        ("ExtentMax:38384400,4212100", "ExtentMax:0,0"),
        key="vct_note_extent",
        lines=1,
    ),
    "an extent in words": replace_header_value("ExtentMin", "a,b", "vct_note_head_value"),
    "an extent that is not finite": replace_header_value("ExtentMin", "nan,inf", "vct_note_head_value"),
    "a reversed extent": replace_header_value("ExtentMin", "38394400,4222100", "vct_note_head_value"),
    "an earlier spelling of the extent": make_default_damage(
        (
            f"ExtentMin:{X:.0f},{Y:.0f}\nExtentMax:38384400,4212100",
            f"MinX:{X:.0f}\nMinY:{Y:.0f}\nMaxX:38384300\nMaxY:4212100",
        ),
        key="vct_note_extent",
        words=("38384300", "38384400"),
        lines=3,
    ),
    "no spheroid": replace_header_value("Spheroid", "", "vct_head_absent", ("Spheroid", "CGCS2000")),
    **{
        f"no line {key}": make_default_damage(
            (find_header_line(key), "\n"), key="vct_head_absent", words=key, lines=LAST_HEADER_KEY_LINES[key]
        )
        for key in ("Spheroid", "Parameters")
    },
    "degrees without a type": make_default_damage(
        ("\nCoordinateSystemType:P\n", "\n"),
        ("XYUnit:M", "XYUnit:D"),
        key="vct_head_no_type",
        words=("CoordinateSystemType", "XYUnit"),
        lines=3,
    ),
    "an axis that runs south": replace_header_value(
        "YAxisDirection", "S", "vct_head_wanted", ("YAxisDirection", "S", "N")
    ),
    "an axis of two missing": make_default_damage(
        (find_header_line("XAxisDirection"), "\n"),
        ("YAxisDirection:N", "YAxisDirection:E"),
        key="vct_axis_missing",
        words=("XAxisDirection", "YAxisDirection"),
    ),
    "a repeated axis": replace_header_value(
        "YAxisDirection", "E", "vct_axes", ("XAxisDirection", "YAxisDirection", "E")
    ),
    "a vertex 50 m away": make_default_damage(
        ("\n38384000,4212100\n", "\n38384000,4212150\n"), key="vct_note_extent", words="50 m", lines=None
    ),
    "a northing south of the equator": make_default_damage(
        ("\n38384010,4212010\n", "\n38384010,-4100000\n"), key="vct_place_beyond", words="-4100000", lines=-5
    ),
    "a northing north of China": make_default_damage(
        ("\n38384000,4212100\n", "\n38384000,9212100\n"), key="vct_place_beyond", words="9212100", lines=None
    ),
    "everything 20 km south": make_default_damage(
        (",4212", ",4192", REPLACE_ALL),
        ("ExtentMin:38384000,4192000", "ExtentMin:38384000,4212000"),
        ("ExtentMax:38384400,4192100", "ExtentMax:38384400,4212100"),
        key="vct_note_extent",
        words="20000 m",
        lines=None,
    ),
    "a number of 1e300": make_default_damage(
        ("\n38384010,4212010\n", "\n1e300,4212010\n"), key="vct_position_value", words="1e300"
    ),
    "no number": make_default_damage(
        ("\n38384010,4212010\n", "\nNaN,4212010\n"), key="vct_position_value", words="NaN"
    ),
    "infinity": make_default_damage(
        ("\n38384010,4212010\n", "\n38384010,inf\n"), key="vct_position_value", words="inf"
    ),
    "comma decimals": make_default_damage(
        ("\n38384011.25,4212012\n", "\n38384011,25,4212012,00\n"), key="vct_position", words="38384011,25"
    ),
    "semicolons": make_default_damage(
        ("\n38384010,4212010\n", "\n38384010;4212010\n"), key="vct_position", words="38384010;"
    ),
    "one number of two": make_default_damage(
        ("\n38384010,4212010\n", "\n38384010\n"), key="vct_position", words="38384010"
    ),
    "annotation without a number": make_default_damage(
        ("\n38384050,4212050,30\n", "\n38384050,x\n"), key="vct_position", words="38384050,x"
    ),
    "no polygons": make_default_damage((POLYGONS, ""), key="vct_no_polygons", lines=None),
    "polygons emptied": make_default_damage(
        (POLYGONS, "PolygonBegin\nPolygonEnd\n"), key="vct_no_polygons", lines=None
    ),
    "no lines": make_default_damage((LINES, ""), key="vct_polygons_first", lines=None),
    "no points": make_default_damage((POINTS, ""), key="vct_section_missing", words=("JZD", "Point"), lines=None),
    "points emptied": make_default_damage(
        (POINTS, "PointBegin\nPointEnd\n"), key="vct_note_no_shape", words=("JZD", "2"), lines=None
    ),
    "no annotation": make_default_damage(
        (cut_section("Annotation")[0], ""), key="vct_section_missing", words=("ZJ", "Annotation"), lines=None
    ),
    "no feature codes": make_default_damage(
        (FEATURE_CODES, ""), key="vct_order", words=("TableStructure", "FeatureCode")
    ),
    "tables before feature codes": make_default_damage(
        (FEATURE_CODES, ""), (TABLES, TABLES + FEATURE_CODES), key="vct_order", words=("TableStructure", "FeatureCode")
    ),
    "points before feature codes": make_default_damage(
        (POINTS, ""), (FEATURE_CODES, POINTS + FEATURE_CODES), key="vct_order", words=("Point", "FeatureCode")
    ),
    "no tables": make_default_damage((TABLES, ""), key="vct_order", words=("Attribute", "TableStructure"), lines=None),
    "feature codes emptied": make_default_damage(
        (FEATURE_CODES, "FeatureCodeBegin\nFeatureCodeEnd\n"),
        key="vct_unknown_code",
        words=("FeatureCode", "Point"),
        lines=None,
    ),
    "feature codes emptied, no shapes": make_default_damage(
        (FEATURE_CODES, "FeatureCodeBegin\nFeatureCodeEnd\n"),
        *((part, "") for part in (POINTS, LINES, POLYGONS, cut_section("Annotation")[0])),
        key="vct_section_empty",
        words=("FeatureCode", "Attribute"),
        lines=None,
    ),
    "tables emptied": make_default_damage(
        (TABLES, "TableStructureBegin\nTableStructureEnd\n"),
        key="vct_section_empty",
        words=("TableStructure", "Attribute"),
        lines=None,
    ),
    "no attributes": make_default_damage(
        (cut_section("Attribute")[0], ""), key="vct_ended", words=("Attribute", "Style"), lines=1
    ),
    **{
        f"cut after {name} with {end!r}": make_default_damage(
            (text_after_piece(f"\n{name}End\n"), end), key="vct_ended", words=(name, missing), lines=None
        )
        for name, missing in (
            ("Head", "FeatureCode, TableStructure, Attribute"),
            ("TableStructure", "Point, Line, Polygon"),
            ("Line", "Polygon, Annotation, Attribute"),
            ("Polygon", "Annotation, Attribute"),
            ("Topology", "Attribute"),
        )
        for end in ("", "\n", "\n\n", "\n\x1a", "\0\0\0\0", "\n\0\0\0\0", "\n\x1a\n")
    },
    "cut in a section's name": make_default_damage(
        (text_after_piece("\nPolygonBe"), ""), key="vct_cut_between", words=("Line", "PolygonBe")
    ),
    "cut in the style's name": make_default_damage(
        (text_after_piece("\nStyleBe"), ""), key="vct_cut_between", words=("Attribute", "StyleBe")
    ),
    "zeros after a cut": make_default_damage(
        (text_after_piece("\nPolygonBegin\n9"), "\0\0\0"), key="vct_cut_off", words="Polygon"
    ),
    "zeros after lost rows": make_default_damage(
        (text_after_piece("\nAttributeBegin"), "\n\0\0\0"), key="vct_cut_off", words="Attribute", lines=None
    ),
    **{
        f"no end of {name}": make_default_damage(
            (f"\n{name}End\n", "\n"), key="vct_section_open", words=(name, after), lines=None
        )
        for name, after in (
            ("Head", "FeatureCodeBegin"),
            ("FeatureCode", "TableStructureBegin"),
            ("TableStructure", "PointBegin"),
            ("Point", "LineBegin"),
            ("Line", "PolygonBegin"),
            ("Polygon", "AnnotationBegin"),
            ("Annotation", "TopologyBegin"),
            ("Topology", "AttributeBegin"),
            ("Attribute", "StyleBegin"),
        )
    },
    "no end of a table": make_default_damage(("\n3,路\nTableEnd\n", "\n3,路\n"), key="vct_values", words="DL"),
    "an unknown table LEGEND": make_default_damage(("\nDL\n", "\nLEGEND\n"), key="vct_unknown_table", words="LEGEND"),
    "no end of the last table": make_default_damage(
        ("\nTableEnd\nAttributeEnd\n", "\nAttributeEnd\n"), key="vct_number", words="AttributeEnd"
    ),
    "repeated points": make_default_damage(
        (POINTS, POINTS + POINTS), key="vct_section_twice", words="Point", lines=None
    ),
    "polygons before lines": make_default_damage(
        (POLYGONS, ""), (LINES, POLYGONS + LINES), key="vct_polygons_first", lines=None
    ),
    "an unknown section": make_default_damage(
        ("TopologyBegin\n", "NetworkBegin\n1,2\nNetworkEnd\nTopologyBegin\n"),
        key="vct_note_section",
        words="Network",
    ),
    "topology with content": make_default_damage(
        ("TopologyBegin\n", "TopologyBegin\n1,2\n"), key="vct_note_section", words="Topology", lines=-1
    ),
    "styles with content": make_default_damage(
        ("StyleBegin\n", "StyleBegin\n1,2\n"), key="vct_note_section", words="Style", lines=-1
    ),
    "two files in one": make_default_damage(
        (export_example()[-15:], export_example()[-15:] + export_example()), key="vct_section_late", words="Head"
    ),
    "no beginning of the header": make_default_damage(
        ("HeadBegin\n", ""), key="vct_no_head", words=("HeadBegin", "Datamark")
    ),
    "the header at the end": make_default_damage(
        (cut_section("Head")[0], ""),
        ("\nStyleEnd\n", f"\nStyleEnd\n{cut_section('Head')[0]}"),
        key="vct_ended",
        words="FeatureCode",
        lines=None,
    ),
    "an empty file": make_default_damage((export_example(), ""), key="vct_empty"),
    "blank lines only": make_default_damage((export_example(), "\n\n\n"), key="vct_empty", lines=None),
    "zeros only": make_default_damage((export_example(), "\0" * 500), key="vct_empty"),
    "text before the header": make_default_damage(
        ("HeadBegin", "样例\nHeadBegin"), key="vct_note_before_head", lines=1
    ),
    "attributes cut off": make_default_damage(
        (export_example()[export_example().index("10,14012") :], ""), key="vct_cut_off", lines=None
    ),
    "an id of zero": make_default_damage(("\n2\n9900000001\n", "\n0\n9900000001\n"), key="vct_id", words="0"),
    "a negative id": make_default_damage(("\n2\n9900000001\n", "\n-2\n9900000001\n"), key="vct_id", words="-2"),
    "a repeated point id": make_default_damage(("\n2\n9900000001\n", "\n1\n9900000001\n"), key="vct_twice", words="1"),
    "a repeated line id": make_default_damage(("\n5\n1099000000\n", "\n4\n1099000000\n"), key="vct_twice", words="4"),
    "an unknown line": make_default_damage(("\n4,5\n", "\n4,55\n"), key="vct_unknown_line", words="55", lines=-7),
    "a line left out": make_default_damage(("\n2\n4,5\n", "\n1\n4\n"), key="vct_open_ring", words="9", lines=-6),
    "a wrong sign": make_default_damage(("\n-5,6\n", "\n5,6\n"), key="vct_gap", words="10", lines=-7),
    "a boundary that no polygon uses": make_default_damage(
        ("\n3\n7,0,8\n", "\n1\n7\n"), key="vct_note_unused_lines", words="8", lines=None
    ),
    "the hole before its ring": make_default_damage(
        ("\n7,0,8\n", "\n8,0,7\n"), key="vct_note_ring_order", words="11", lines=-7
    ),
    "a hole outside": make_default_damage(
        ("\n3\n7,0,8\n", "\n4\n4,5,0,8\n"), key="vct_hole_outside", words="11", lines=-6
    ),
    "rings that turn alike": make_default_damage(
        ("\n7,0,8\n", "\n7,0,-8\n"), key="vct_note_rings_alike", words="11", lines=-7
    ),
    "a symbol": make_default_damage(("\n9900000001\nunknown\n", "\n9900000001\nS0101\n"), key="vct_note_symbols"),
    "a point with a direction": make_default_damage(
        ("\nunknown\n1\n1\n38384010", "\nunknown\n2\n1\n38384010"), key="vct_note_types", words="2"
    ),
    "an arc": make_default_damage(("\n11\n3\n", "\n13\n3\n"), key="vct_unsupported", words="13"),
    "a point too few": make_default_damage(("\n11\n4\n", "\n11\n3\n"), key="vct_count", words="4", lines=4),
    "a point too many": make_default_damage(("\n11\n4\n", "\n11\n5\n"), key="vct_position", lines=5),
    "a huge count": make_default_damage(
        ("\n1\n11\n3\n", "\n1000000000\n11\n3\n"), key="vct_count_value", words="1000000000"
    ),
    "a number of 20 digits": make_default_damage(("\n4,5\n", f"\n4,{10**19}\n"), key="vct_number", words=f"{10**19}"),
    "items too few": make_default_damage(("\n2\n4,5\n", "\n1\n4,5\n"), key="vct_items", words="9", lines=1),
    "a negative count": make_default_damage(("\n11\n4\n", "\n11\n-4\n"), key="vct_count_value", words="-4"),
    "fields too few": make_default_damage(
        ("YDYHGHFQ,5", "YDYHGHFQ,4"), key="vct_fields_count", words="YDYHGHFQ", lines=5
    ),
    "fields too many": make_default_damage(("YDYHGHFQ,5", "YDYHGHFQ,6"), key="vct_field", words="YDYHGHFQ", lines=6),
    "an unknown geometry kind": make_default_damage(
        ("JZD,Point", "JZD,Dot"), key="vct_class_kind", words=("Dot", "JZD")
    ),
    "another kind of geometry": make_default_damage(
        ("JZD,Point", "JZD,Line"), key="vct_code_kind", words="9900000001", lines=None
    ),
    "a class without a table": make_default_damage(
        ("FeatureCodeEnd", "9900000009,水,Line,SX\nFeatureCodeEnd"),
        key="vct_note_no_table",
        words=("SX", "9900000009"),
        lines=None,
    ),
    "a table without a class": make_default_damage(
        ("TableStructureEnd", "SX,1\nBSM,Char,18\n0\nTableStructureEnd"), key="vct_note_no_class", words="SX"
    ),
    "an unknown code": make_default_damage(
        ("\n1\n9900000001\n", "\n1\n9900000008\n"), key="vct_unknown_code", words="9900000008"
    ),
    "an unknown field type": make_default_damage(
        ("MJ,Float", "MJ,Flaot"), key="vct_field", words=("YDYHGHFQ", "Flaot")
    ),
    **{
        f"a length {name}": make_default_damage((old, new), key="vct_note_length", words=new)
        for name, old, new in (
            ("of zero", "MC,Char,50", "MC,Char,0"),
            ("below zero", "MC,Char,50", "MC,Char,-50"),
            ("in words", "MC,Char,50", "MC,Char,五十"),
            ("left out", "MC,Char,50", "MC,Char"),
            ("with decimals", "MC,Char,50", "MC,Char,50.5"),
            ("of an integer in words", "SL,Int,10", "SL,Int,ten"),
            ("of a real number in words", "MJ,Float,15,2", "MJ,Float,x,2"),
            ("of a date below zero", "RQ,Date,8", "RQ,Date,-8"),
        )
    },
    "decimals below zero": make_default_damage(
        ("MJ,Float,15,2", "MJ,Float,15,-2"), key="vct_note_length", words="Float,15,-2"
    ),
    "more decimals than digits": make_default_damage(
        ("Float,15,2", "Float,5,8"), key="vct_note_length", words="Float,5,8"
    ),
    "a repeated field": make_default_damage(
        ("MJ,Float,15,2", "BSM,Char,18"), key="vct_field_twice", words=("YDYHGHFQ", "BSM")
    ),
    "an attribute table that is unknown": make_default_damage(
        ("\nDL\n", "\nDX\n"), key="vct_unknown_table", words="DX"
    ),
    "an attribute table left out": make_default_damage(
        ("\nDL\n3,路\nTableEnd\n", "\n"), key="vct_note_no_rows", words="DL", lines=None
    ),
    "a repeated attribute table": make_default_damage(
        ("\nDL\n3,路\nTableEnd\n", "\nDL\n3,路\nTableEnd\nDL\n3,路\nTableEnd\n"), key="vct_rows_twice", words="DL"
    ),
    "a row without its shape": make_default_damage(
        ("\n11,14012", "\n111,14012"), key="vct_note_no_shape", words=("YDYHGHFQ", "1"), lines=0
    ),
    "a shape without its row": make_default_damage(
        ("\n2,井\n", "\n"), key="vct_note_no_row", words=("JZD", "1"), lines=None
    ),
    "a repeated row": make_default_damage(("\n2,井\n", "\n1,井\n"), key="vct_row_twice", words=("JZD", "1")),
    "a row of a shape of another kind": make_default_damage(
        ("\n3,路\n", "\n1,路\n"), key="vct_row_twice", words=("DL", "1")
    ),
    "a value too many": make_default_damage((",10000.00,1,", ",10,000.00,1,"), key="vct_values", words="YDYHGHFQ"),
    "a number of words": make_default_damage((",10000.00,1,", ",一万,1,"), key="vct_value", words=("MJ", "一万")),
    "NaN in a row": make_default_damage((",10000.00,1,", ",NaN,1,"), key="vct_value", words=("MJ", "NaN")),
    "an integer of 64 bits and more": make_default_damage(
        (",10000.00,1,", f",10000.00,{2**63},"), key="vct_value", words=("SL", str(2**63))
    ),
    "an integer of 20 digits": make_default_damage(
        (",10000.00,1,", f",10000.00,{10**19},"), key="vct_value", words=str(10**19)
    ),
    "an integer of 5000 digits": make_default_damage(
        (",10000.00,1,", f",10000.00,{'9' * 5000},"), key="vct_value", words="99999"
    ),
    "a NUL in a row": make_default_damage(("\n2,井\n", "\n2,井\0\n"), key="vct_nul", words="JZD"),
    "a row of NUL": make_default_damage(("\n2,井\n", "\n\0\0\0\0\n"), key="vct_nul", words="JZD"),
    "a NUL in a position": make_default_damage(
        ("\n38384010,4212010\n", "\n38384\0\0,4212010\n"), key="vct_position_value", words="38384"
    ),
    "a key in a field of reals": make_default_damage(
        (",10000.00,1,", ",140122000000000001,1,"), key="vct_note_digits", words=("MJ", "Float,15")
    ),
    "an invalid date": make_default_damage((",20250101", ",20250230"), key="vct_value", words=("RQ", "20250230")),
    "a date with a time": make_default_damage(
        (",20250101", ",2025-01-01 08:30:00"), key="vct_note_time", words=("RQ", "1")
    ),
    "a wrong zone width": replace_header_value(
        "Parameters", "114,1,38500000,0,6,38", "vct_zone_width", ("114", "38", "6", "3")
    ),
    "zones of 3° for 6°": replace_header_value(
        "Parameters", "111,1,19500000,0,3,19", "vct_zone_width", ("111", "19", "6", "3")
    ),
    "a decimal number in a field declared as integer": make_default_damage(
        ("MJ,Float,15,2", "MJ,Int,10"),
        (",10000.00,1,", ",10000.57,1,"),
        key="vct_value",
        words=("MJ", "10000.57"),
        lines=None,
    ),
    "a value too few": make_default_damage(("\n2,井\n", "\n2\n"), key="vct_values", words=("JZD", "0", "1")),
    "attributes before shapes": make_default_damage(
        (cut_section("Attribute")[0], ""),
        ("PointBegin\n", f"{cut_section('Attribute')[0]}\nPointBegin\n"),
        key="vct_section_missing",
        words=("JZD", "Point"),
        lines=2,
    ),
}


def apply_damage(one):
    """Return the damaged text and the number of its first changed line."""
    whole = text = export_example()
    for old, new, *everywhere in one.pairs:
        assert old in text, old
        text = text.replace(old, new, -1 if everywhere else 1)
    assert text != whole
    changes = (n for n, (a, b) in enumerate(zip(whole.split("\n"), text.split("\n"), strict=False), 1) if a != b)
    return text, next(changes, None)


def read_notes_or_refusal(path, text):
    """Return the messages of reading a VCT text: its refusal, or all its notes.

    Each message is (text key, parameters, function that renders it in a language).
    """
    path.write_bytes(text.replace("\n", "\r\n").encode("gb18030"))
    try:
        found = read_vct(path)
    except InputError as error:
        refusal = error
        return [(refusal.key, refusal.params, lambda lang: Texts(lang).explain_error(refusal))]
    notices = [note for one in found for note in one.notices]
    return [(key, params, lambda lang, k=key, p=params: Texts(lang).format_notice(k, p)) for key, params in notices]


@pytest.mark.parametrize("end", ["", "\x1a", "\x1a\n", "\0\0\0"])
def test_undamaged_vct_file_is_read_without_notes(tmp_path, end):
    assert read_notes_or_refusal(tmp_path / "a.vct", export_example() + end) == []


def test_notes_on_unknown_header_keys_come_in_their_order_and_not_for_empty_values(tmp_path):
    names = [f"K{number}" for number in range(20)]
    lines = "".join(f"{name}:1\n" for name in names)
    text = export_example().replace("\nHeadEnd", f"\n{lines}Meridian:114\nEmpty:\nHeadEnd")
    assert [params["key"] for _, params, _ in read_notes_or_refusal(tmp_path / "a.vct", text)] == names


@pytest.mark.parametrize("name", DAMAGES_BY_NAME)
def test_each_planted_damage_of_a_vct_file_is_refused_or_noted_with_its_cause_and_line(tmp_path, name):
    one = DAMAGES_BY_NAME[name]
    text, first = apply_damage(one)
    found = read_notes_or_refusal(tmp_path / "坏.vct", text)
    assert one.key in [key for key, *_ in found], [sentence("en") for *_, sentence in found]
    _, params, sentence = next(entry for entry in found if entry[0] == one.key)
    if one.lines is not None and "line" in params:
        assert params["line"] == first + one.lines
    for lang in ("zh", "en"):
        shown = sentence(lang)
        assert all(word in shown for word in one.words), shown
        assert "line" not in params or str(params["line"]) in shown
        if not one.key.startswith("vct_note_"):
            assert "坏.vct" in shown and params["line"] >= 1


@pytest.mark.parametrize(
    "name", ["no feature codes", "tables before feature codes", "points before feature codes", "no tables"]
)
def test_message_on_a_missing_first_section_mentions_the_section_only_once(tmp_path, name):
    wanted = "TableStructure" if name == "no tables" else "FeatureCode"
    ((_, params, sentence),) = read_notes_or_refusal(tmp_path / "a.vct", apply_damage(DAMAGES_BY_NAME[name])[0])
    assert params["wanted"] == wanted != params["section"]
    assert sentence("zh").count(params["section"]) == 1, sentence("zh")


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (lambda text: text.replace("\n", "\r\n").encode("utf-16"), "vct_utf16"),
        (lambda text: text.replace("\n", "\r\n").encode("utf-16-be"), "vct_utf16"),
        (lambda text: text.replace("\n", "\r").encode("gbk"), "vct_line_ends"),
    ],
    ids=["UTF-16", "UTF-16 without a mark", "CR"],
)
def test_vct_file_in_another_encoding_or_with_other_line_ends_is_refused(tmp_path, data, key):
    path = tmp_path / "坏.vct"
    path.write_bytes(data(export_example()))
    with pytest.raises(InputError) as caught:
        read_vct(path)
    assert (caught.value.key, caught.value.params["line"]) == (key, 1)
    assert "坏.vct" in Texts("zh").explain_error(caught.value) and "第 1 行" in Texts("zh").explain_error(caught.value)


def test_vct_file_with_tab_separators_is_read(tmp_path):
    assert read_notes_or_refusal(tmp_path / "a.vct", export_example().replace(",", "\t")) == []
    plain = read_vct(tmp_path / "a.vct")
    read_notes_or_refusal(tmp_path / "b.vct", export_example())
    for one, other in zip(plain, read_vct(tmp_path / "b.vct"), strict=True):
        assert one.frame.equals(other.frame)


@pytest.mark.parametrize("places", [[[150.0, 38.0]], [[113.7, 39.8], [3.7, 39.8]], [[113.7, 39.8], [37.0, 39.8]]])
def test_vct_degrees_outside_china_are_refused_with_their_range(tmp_path, places):
    stations = ("text", ["站"] * len(places))
    write_vct(tmp_path / "a.vct", [make_vct_layer("JZD", shapely.points(places), crs=4490, MC=stations)])
    with pytest.raises(InputError) as caught:
        read_vct(tmp_path / "a.vct")
    assert caught.value.key == "vct_place_beyond_degrees"
    assert "70°–140°E" in Texts("zh").explain_error(caught.value) and "-°" not in Texts("zh").explain_error(
        caught.value
    )


def test_vct_command_prints_the_note_on_an_old_format_version_with_its_line(tmp_path, capsys):
    path = tmp_path / "坏.vct"
    text, line = apply_damage(DAMAGES_BY_NAME["version 2.0"])
    path.write_bytes(text.replace("\n", "\r\n").encode("gbk"))
    assert main(["vct", str(path), str(tmp_path / "a.gpkg")]) == 0
    shown = capsys.readouterr().err
    assert "2.0" in shown and str(line) in shown


def test_one_damage_of_a_vct_file_causes_at_most_two_notes(tmp_path):
    for name, one in DAMAGES_BY_NAME.items():
        found = read_notes_or_refusal(tmp_path / "a.vct", apply_damage(one)[0])
        assert len(found) <= 2, (name, [sentence("en") for *_, sentence in found])


def import_changed_file(tmp_path, *pairs):
    """Import a changed VCT text into a GeoPackage; return notes by key and the text."""
    text = export_example()
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    (tmp_path / "坏.vct").write_bytes(text.encode("gbk"))
    done = convert_vct_to_database(tmp_path / "坏.vct", tmp_path / "a.gpkg", templates=load_standard().templates)
    return {key: [params for other, params in done.notes if other == key] for key, _ in done.notes}, text


def test_valid_vct_file_is_imported_without_notes(tmp_path):
    found, _ = import_changed_file(tmp_path)
    assert found == {}


@pytest.mark.parametrize("name", ["fid", "geom"])
def test_vct_field_renamed_on_import_gives_a_note(tmp_path, name):
    found, _ = import_changed_file(tmp_path, ("\nSL,Int", f"\n{name},Int"))
    assert found["vct_note_renamed"] == [{"table": "YDYHGHFQ", "fields": name}]
    assert found.keys() == {"vct_note_renamed"}
    assert f"{name}_" in pyogrio.read_info(tmp_path / "a.gpkg", layer="YDYHGHFQ")["fields"] or name == "geom"
    assert name in Texts("zh").format_notice("vct_note_renamed", found["vct_note_renamed"][0])


def test_vct_table_with_a_reserved_geopackage_name_is_refused(tmp_path):
    with pytest.raises(InputError) as caught:
        import_changed_file(tmp_path, (",DL\n", ",gpkg_contents\n"), ("\nDL", "\ngpkg_contents"))
    assert caught.value.key == "vct_table_reserved" and caught.value.params["line"] > 22
    assert "gpkg_contents" in Texts("zh").explain_error(caught.value)
    assert not (tmp_path / "a.gpkg").exists()


def test_utf8_byte_order_mark_before_gbk_text_is_skipped(tmp_path):
    path = tmp_path / "a.vct"
    path.write_bytes(b"\xef\xbb\xbf" + export_example().encode("gbk"))
    assert [note for one in read_vct(path) for note in one.notices] == []
