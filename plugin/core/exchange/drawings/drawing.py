# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines, rings, polygons and texts of a drawing, and what was not taken from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry import Polygon

from ...standard.messages.texts import Texts, render_params

#: Text sections of the reasons and remedies of `LeftOut`.
REASONS_SECTION, REMEDIES_SECTION = "drawing_reasons", "drawing_remedies"


@dataclass(frozen=True)
class LeftOut:
    """Something that was not taken from a drawing, or that was taken and must be verified.

    ``key``: text in `REASONS_SECTION` and `REMEDIES_SECTION`; ``handles``: of the entities, in the order in which they
    join; ``kind``: type of the entity, such as LINE; ``place``: (x, y) in metres; ``gap_m``: what is missing to close
    an outline.
    """

    key: str
    layer: str = ""
    handles: tuple[str, ...] = ()
    kind: str = ""
    place: tuple[float, float] | None = None
    gap_m: float | None = None
    params: dict[str, Any] = field(default_factory=dict, hash=False)

    def describe(self, section: str, texts: Texts) -> str:
        """Return why it was left out (`REASONS_SECTION`), or what to do (`REMEDIES_SECTION`)."""
        return texts.get(section, self.key, **render_params(self.params, texts))


@dataclass(frozen=True)
class DrawingLine:
    """A line of a drawing as GDAL reads it: (n, 2) vertices in metres."""

    handle: str
    layer: str
    kind: str
    vertices: NDArray


@dataclass(frozen=True)
class DrawingText:
    """A text of a drawing, at the place (x, y) in metres where it is inserted."""

    handle: str
    layer: str
    kind: str
    text: str
    place: tuple[float, float]


@dataclass(frozen=True)
class Ring:
    """A closed outline: (n, 2) vertices, the last one is the first.

    ``gap_m``: the largest gap that was bridged, 0 for an outline that is closed in the drawing.
    """

    handles: tuple[str, ...]
    layer: str
    kind: str
    vertices: NDArray
    gap_m: float = 0.0


@dataclass
class DrawingPolygon:
    """A polygon of one layer of a drawing.

    ``values``: field → value from texts; ``texts``: all texts within it.
    """

    handles: tuple[str, ...]
    layer: str
    shape: Polygon
    gap_m: float
    values: dict[str, Any] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class DrawingImport:
    """The result of an import.

    ``polygons_by_role``, ``name_by_role``: code of the layer → polygons, name; ``areas_by_role``: area in the plane and
    statutory area in m²; ``closed``: outlines of which a gap was closed; ``left_out``:
    what was not taken; ``deviation_m``: largest distance of a curve of the drawing from its chords, reached.
    """

    source: Path
    path: Path
    table_path: Path | None
    encoding: str
    crs: CRS
    metres_per_unit: float
    tolerance_m: float
    closing_m: float
    deviation_m: float
    curve_count: int
    polygons_by_role: dict[str, list[DrawingPolygon]]
    name_by_role: dict[str, str]
    areas_by_role: dict[str, tuple[float, float]]
    closed: list[Ring]
    left_out: list[LeftOut]

    @property
    def polygon_count(self) -> int:
        """Return the number of polygons of all layers."""
        return sum(map(len, self.polygons_by_role.values()))
