# SPDX-License-Identifier: GPL-2.0-or-later
"""Small VCT files written by hand, and layers for the VCT export."""

import geopandas as gpd
from pyproj import CRS

from plugin.core.exchange.vct.read import open_vct, read_all_layers
from plugin.core.plan.layer import FieldInfo, SourceLayer

#: Two squares that share an edge, as survey software writes them.
TWO_SQUARES_TEXT = """HeadBegin
Datamark:LANDUSE-VCT
Version:3.0
CoordinateSystemType:P
Dim:2
XAxisDirection:E
YAxisDirection:N
XYUnit:M
ZUnit:M
Spheroid:CGCS2000,6378137.0,298.257222101
PrimeMeridian:Greenwich
Projection:高斯-克吕格投影
Parameters:111,1,37500000,0,3,37
VerticalDatum:1985国家高程基准
TemporalReferenceSystem:北京时间
ExtentMin:37500000,4150000
ExtentMax:37500200,4150100
MapScale:2000
Offset:0,0
Date:20261120
Separator:,
HeadEnd
FeatureCodeBegin
2090020610,规划分区,Polygon,YDYHGHFQ
FeatureCodeEnd
TableStructureBegin
YDYHGHFQ,2
BSM,Char,18
GHFQDM,Char,3
0
TableStructureEnd
PointBegin
PointEnd
LineBegin
1
1099000000
unknown
1
1
11
2
37500100,4150000
37500100,4150100
0
2
1099000000
unknown
1
1
11
4
37500100,4150100
37500000,4150100
37500000,4150000
37500100,4150000
0
3
1099000000
unknown
1
1
11
4
37500100,4150100
37500200,4150100
37500200,4150000
37500100,4150000
0
LineEnd
PolygonBegin
11
2090020610
unknown
100
37500050.000000,4150050.000000
21
2
-1,-2
0
12
2090020610
unknown
100
37500150.000000,4150050.000000
21
2
1,3
0
PolygonEnd
AnnotationBegin
AnnotationEnd
TopologyBegin
TopologyEnd
AttributeBegin
YDYHGHFQ
11,140122000000000001,510
12,140122000000000002,520
TableEnd
AttributeEnd
StyleBegin
StyleEnd
"""


def write_vct_text(path, text, encoding="gbk"):
    path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    return path


def replace_in_squares(*pairs):
    """Return the VCT text of two squares with pieces of text replaced.

    Each piece must exist.
    """
    text = TWO_SQUARES_TEXT
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def find_line_number(text, piece, nth=1):
    """Return the number of the nth line that equals ``piece``."""
    return [n for n, line in enumerate(text.split("\n"), 1) if line == piece][nth - 1]


def make_vct_layer(name, shapes, crs=4525, **columns):
    """Return a source layer; ``columns`` have (field type, values) by field name."""
    crs = CRS.from_epsg(crs)
    infos = tuple(FieldInfo(column, type_) for column, (type_, _) in columns.items())
    frame = gpd.GeoDataFrame({c: v for c, (_, v) in columns.items()}, geometry=gpd.GeoSeries(shapes, crs=crs), crs=crs)
    return SourceLayer(name, frame, infos, crs)


def read_vct(path, *, merges_parts=False):
    """Return all layers of a VCT file, completely in memory."""
    with open_vct(path, merges_parts=merges_parts) as vct:
        return read_all_layers(vct, str(path))
