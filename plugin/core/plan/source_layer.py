# SPDX-License-Identifier: GPL-2.0-or-later
"""One table of a county as it was read: nothing repaired, nothing reprojected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyproj import CRS

if TYPE_CHECKING:
    # Tables load when something runs: QGIS lists the rules at every start.
    import geopandas as gpd


@dataclass(frozen=True)
class FieldInfo:
    """A field as the source declares it; ``type`` in the templates' words (text, integer, real, date).

    None: the source does not tell. ``alias`` is empty for a field without one, ``codes`` (code → name) for one without a
    coded domain.
    """

    name: str
    type: str
    length: int | None = None
    alias: str | None = None
    codes: dict[str, str] | None = field(default=None, hash=False)


@dataclass
class SourceLayer:
    """A table as it was read: nothing repaired, nothing reprojected.

    ``frame`` is indexed by feature id; ``curves`` are the ids of features that held arcs, densified on reading by
    ``curve_step`` (degrees); ``broken`` the ids of features whose shape no geometry library can hold (missing in
    ``frame``); ``notices`` are (text key, parameters). ``problem``: why nobody can use it (a table without shapes, a file
    that cannot be read), as text key and parameters. ``kind`` and ``rows`` are the type of geometry and the number of rows
    as the source gives them without reading a row; empty and None where it does not. ``filter``: the condition that hides
    rows of it in a project. ``rings``: the lines of a layer that is not read are all closed.
    ``shape_crs``: coordinate systems, other than the layer's, that its shapes declare, with the number of shapes.
    """

    name: str
    frame: gpd.GeoDataFrame
    fields: tuple[FieldInfo, ...]
    crs: CRS | None
    source: str = ""
    encoding: str = ""
    template_id: str = ""
    curves: tuple[int, ...] = ()
    curve_step: float = 0.0
    unsaved: int = 0
    notices: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    broken: tuple[int, ...] = ()
    problem: tuple[str, dict[str, Any]] | None = None
    kind: str = ""
    rows: int | None = None
    filter: str = ""
    rings: bool = False
    shape_crs: dict[str, int] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """``county.gpkg/DLTB``: tells layers of one name in several files apart."""
        file = self.source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
        return f"{file}/{self.name}" if file else self.name
