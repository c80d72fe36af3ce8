# SPDX-License-Identifier: GPL-2.0-or-later
"""Boundary-point files for tests, with areas computed by plain shapely."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from shapely.geometry import Polygon

HEADER = (
    "坐标系=2000国家大地坐标系", "几度分带=3", "投影类型=高斯克吕格", "计量单位=米", "带号=38", "精度=0.001",
    "转换参数=,,,,,,",
)  # fmt: skip
#: Northing and easting of a corner in zone 38, as offices write them: X first.
NORTH, EAST = Decimal("4397551.903"), Decimal("38472109.379")
#: Offsets (north, east) of rings in metres, from the north-west corner, clockwise.
OUTER = (("0", "0"), ("10.325", "180.686"), ("-103.249", "335.560"), ("-278.772", "247.978"), ("-154.873", "5.163"))
HOLE = (("-60.5", "80.25"), ("-90.125", "81.5"), ("-88.75", "120.001"), ("-61.003", "118.875"))
SEPARATE = (("0", "500"), ("-1.5", "600.125"), ("-99.999", "599.5"), ("-100", "500.25"))


def place_ring(offsets, north=NORTH, east=EAST):
    """Return (northing, easting) of each point as text with three decimals."""
    return [(f"{north + Decimal(dn):.3f}", f"{east + Decimal(de):.3f}") for dn, de in offsets]


def compute_area(*rings) -> float:
    """Return the area (m²) of an outer ring less its holes, by plain shapely, near the origin."""
    origin = [Decimal(text).to_integral_value() for text in rings[0][0]]
    shells = [[(float(Decimal(e) - origin[1]), float(Decimal(n) - origin[0])) for n, e in ring] for ring in rings]
    return Polygon(shells[0], shells[1:]).area


def format_hectares(area_m2: float) -> str:
    """Return an area in hectares with four decimals."""
    return f"{(Decimal(repr(area_m2)) / 10000).quantize(Decimal('0.0001'), ROUND_HALF_UP):f}"


@dataclass
class FileWriter:
    """Writes parcels as offices do, in one of their habits.

    ``closing``: first, next or none. ``counts_closing``: the stated number of points includes closing points.
    ``restarts``: each ring begins with 1. ``items``: of a parcel's line after name and kind.
    """

    closing: str = "first"
    counts_closing: bool = True
    restarts: bool = False
    prefix: str = "J"
    header: tuple[str, ...] = HEADER
    sections: tuple[str, str] = ("[属性描述]", "[地块坐标]")
    items: tuple[str, ...] = ("", "", "")
    area_unit: str = ""
    lines: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.lines += [self.sections[0], *self.header, self.sections[1]]

    def add_parcel(self, name: str, *rings, area: str | None = None, number: str = "1", parts=()) -> float:
        """Add a parcel with its declared area; return its area by shapely. ``parts``: further outer rings."""
        area_m2 = compute_area(*rings) + sum(compute_area(part) for part in parts)
        rows, closings, running = [], 0, 1
        for ring_number, ring in enumerate((*rings, *parts), 1):
            first = running = 1 if self.restarts else running
            for north, east in ring:
                rows.append(f"{self.prefix}{running},{ring_number},{north},{east}")
                running += 1
            if self.closing != "none":
                closing_number = first if self.closing == "first" else running
                running += self.closing == "next"
                closings += 1
                rows.append(f"{self.prefix}{closing_number},{ring_number},{ring[0][0]},{ring[0][1]}")
        count = len(rows) - (0 if self.counts_closing else closings)
        declared = format_hectares(area_m2) + self.area_unit if area is None else area
        self.lines.append(",".join((str(count), declared, number, name, "面", *self.items, "@")))
        self.lines += rows
        return area_m2

    def write(self, path: Path, *, encoding="gbk", line_end="\r\n", ends=True) -> Path:
        text = line_end.join(self.lines) + (line_end if ends else "")
        path.write_bytes(text.encode(encoding))
        return path


def write_two_parcels(path: Path) -> Path:
    """Write a file of two parcels; the first is in line 10, its points in lines 11 to 16. Return the path."""
    writer = FileWriter()
    writer.add_parcel("甲", place_ring(OUTER))
    writer.add_parcel("乙", place_ring(SEPARATE), number="2")
    return writer.write(path)
