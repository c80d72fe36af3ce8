# SPDX-License-Identifier: GPL-2.0-or-later
"""Drawings (DXF) that tests write with ezdxf, and areas by formulas that do not use the plugin."""

import itertools
import math
from pathlib import Path

import ezdxf

#: A place in zone 38 of CGCS2000 (EPSG:4526), and the layer and the text that make a drawing complete.
EAST, NORTH = 38_472_000.0, 4_397_000.0
SITE = "用地红线"
STATEMENT = "坐标系统：2000国家大地坐标系"


class DrawingWriter:
    """Writes a drawing; coordinates are metres from (EAST, NORTH), times ``scale``."""

    def __init__(self, version="R2010", insunits=6, *, scale=1.0, origin=(EAST, NORTH), statement=STATEMENT):
        self.document = ezdxf.new(version)
        self.document.header["$INSUNITS"] = insunits
        self.space = self.document.modelspace()
        self.scale, self.origin = scale, origin
        self.space_layer = "注记"
        if statement:
            self.add_text(statement, (-500, -500))

    def place(self, point):
        """Return the coordinates of a point given in metres from the origin."""
        return ((self.origin[0] + point[0]) * self.scale, (self.origin[1] + point[1]) * self.scale)

    def add_line(self, start, end, layer=SITE):
        """Add a LINE; return its handle."""
        return self.space.add_line(self.place(start), self.place(end), dxfattribs={"layer": layer}).dxf.handle

    def add_lines(self, points, layer=SITE):
        """Add a LINE between each two following points; return the handles."""
        return [self.add_line(a, b, layer) for a, b in itertools.pairwise(points)]

    def add_arc(self, centre, radius, start, end, layer=SITE):
        """Add an ARC; return its handle."""
        entity = self.space.add_arc(self.place(centre), radius * self.scale, start, end, dxfattribs={"layer": layer})
        return entity.dxf.handle

    def add_polyline(self, rows, *, close=True, layer=SITE):
        """Add a LWPOLYLINE of (x, y) or (x, y, bulge); return its handle."""
        points = [(*self.place(row[:2]), row[2] if len(row) > 2 else 0.0) for row in rows]
        return self.space.add_lwpolyline(points, "xyb", close=close, dxfattribs={"layer": layer}).dxf.handle

    def add_circle(self, centre, radius, layer=SITE):
        """Add a CIRCLE; return its handle."""
        return self.space.add_circle(self.place(centre), radius * self.scale, dxfattribs={"layer": layer}).dxf.handle

    def add_text(self, text, point, layer="注记"):
        """Add a TEXT; return its handle."""
        return self.space.add_text(text, dxfattribs={"layer": layer, "insert": self.place(point)}).dxf.handle

    def write(self, path: Path, encoding=""):
        """Write the drawing; return its path. ``encoding``: of a drawing before R2007."""
        if encoding:
            self.document.encoding = encoding
        self.document.saveas(path)
        return path


def compute_segment_area(chord, bulge):
    """Return the area between an arc and its chord: r²/2 · (θ − sin θ), θ = 4·arctan |b|, r = c / (2·sin(θ/2))."""
    angle = 4 * math.atan(abs(bulge))
    radius = chord / (2 * math.sin(angle / 2))
    return radius**2 / 2 * (angle - math.sin(angle))
