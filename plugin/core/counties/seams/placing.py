# SPDX-License-Identifier: GPL-2.0-or-later
"""Bring the borders of all counties into one plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ...base.errors import InputError
from ...base.invariants import require_value
from ...geometry.crs import describe_crs, find_three_degree_zone, make_lonlat_transformer, reproject_to_lonlat
from ...geometry.edge_densification import EdgeCoordinates, find_shared_edges
from ...geometry.polygons import Polygons, union_polygon_rows
from ...geometry.statutory_area import EqualAreaPlane
from ...geometry.tolerance import Tolerance
from ...plan.layer import Layer
from .measured_line import LinePieces
from .seam_result import ComparedLayer, CountyBorders


@dataclass(frozen=True)
class PlacedLayer:
    """Rows of a compared layer near a county's border: ``shapes`` (n,) in the plane, ``keys`` and ``codes`` (n,)."""

    shapes: NDArray
    keys: tuple[str, ...]
    codes: tuple[str, ...]

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Return a search tree of the shapes."""
        return shapely.STRtree(self.shapes)


_NO_ROWS = PlacedLayer(np.array([], dtype=object), (), ())


@dataclass(frozen=True)
class PlacedCounties:
    """Counties in one plane (m), in the order of their codes.

    ``outlines``: one polygon for each county; ``borders``: for each county, the rows that make its border; ``layers``:
    for each county, concept → rows near its border.
    """

    plane_crs: CRS
    counties: tuple[CountyBorders, ...]
    outlines: Polygons
    borders: tuple[PlacedLayer, ...]
    layers: tuple[dict[str, PlacedLayer], ...]

    @cached_property
    def area_plane(self) -> EqualAreaPlane:
        """Return the plane for areas on the ellipsoid."""
        return EqualAreaPlane(make_lonlat_transformer(self.plane_crs))

    @cached_property
    def boundaries(self) -> NDArray:
        """Return (n,) the boundary of each county as lines."""
        return shapely.boundary(self.outlines.shapes)

    @cached_property
    def edges(self) -> tuple[LinePieces, ...]:
        """Return the boundary of each county in short pieces."""
        return tuple(LinePieces(shapely.get_parts([boundary])) for boundary in self.boundaries)


def place_counties(
    counties: Sequence[CountyBorders], compared: Sequence[ComparedLayer], tolerance: Tolerance
) -> PlacedCounties:
    """Return counties in one plane: the common one, else the 3° zone at the middle of all counties.

    Edges that a neighbour in another zone has with the same ends are straight in both, all other long edges get
    additional vertices, as in a plan with layers in several zones. Raise InputError if the union of a border fails.
    """
    counties = sorted(counties, key=lambda one: one.sort_key)
    plane_crs = choose_plane(counties)
    undensified = _find_undensified_edges(counties, plane_crs)
    shapes, borders, layers = [], [], []
    for county in counties:
        outline = _place_layer(require_value(county.outline, "the border of a county"), plane_crs, undensified)
        union = union_polygon_rows(outline.polygons, tolerance=tolerance)
        if union is None:
            raise InputError("seams_border_unusable", source=county.name, layer=outline.name)
        shapes.append(union)
        borders.append(_make_placed_layer(outline, ""))
        placed = {
            one.concept: _make_placed_layer(
                _place_layer(county.layers[one.concept], plane_crs, undensified), one.code_field
            )
            for one in compared
            if one.concept in county.layers
        }
        layers.append(dict.fromkeys(county.absent, _NO_ROWS) | placed)
    outlines: NDArray = np.empty(len(shapes), dtype=object)
    outlines[:] = shapes
    return PlacedCounties(plane_crs, tuple(counties), Polygons(outlines), tuple(borders), tuple(layers))


def choose_plane(counties: Sequence[CountyBorders]) -> CRS:
    """Return the plane (m) in which counties are compared; it does not depend on their order."""
    planes = [require_value(one.crs, "the plane of a county") for one in counties]
    if len(set(planes)) == 1 and describe_crs(planes[0]).zone_number is not None and planes[0].to_epsg():
        return planes[0]
    boxes = []
    for county, plane in zip(counties, planes, strict=True):
        outline = require_value(county.outline, "the border of a county")
        corners = np.array([shapely.box(*shapely.total_bounds(outline.plane_shapes))], dtype=object)
        boxes.append(reproject_to_lonlat(corners, plane)[0])
    west, _, east, _ = shapely.total_bounds(boxes)
    return find_three_degree_zone((west + east) / 2)


def _find_undensified_edges(counties: Sequence[CountyBorders], plane_crs: CRS) -> dict[CRS, frozenset[EdgeCoordinates]]:
    """Return CRS → edges that a layer in another CRS has with the same ends: they get no additional vertices."""
    shapes_by_crs: dict[CRS, list[NDArray]] = {}
    for county in counties:
        for layer in (require_value(county.outline, "the border of a county"), *county.layers.values()):
            shapes_by_crs.setdefault(layer.known_crs, []).append(layer.raw_shapes)
    if len(shapes_by_crs) == 1:
        return {}
    joined = [(crs, np.concatenate(shapes)) for crs, shapes in shapes_by_crs.items()]
    return find_shared_edges(joined, plane_crs)


def _place_layer(layer: Layer, plane_crs: CRS, undensified: dict[CRS, frozenset[EdgeCoordinates]]) -> Layer:
    """Return a layer in another plane; the layer itself if it is in that plane."""
    return (
        layer
        if layer.plane_crs == plane_crs
        else Layer(
            layer.source, layer.template, plane_crs, layer.stray_rows, undensified.get(layer.known_crs, frozenset())
        )
    )


def _make_placed_layer(layer: Layer, code_field: str) -> PlacedLayer:
    """Return the rows with a shape, with their keys and codes; a row without a key has its feature id."""
    rows = np.flatnonzero(layer.has_shape).tolist()
    codes = layer.get_texts_by_name(code_field) if code_field else [""] * len(layer)
    shapes: Any = layer.plane_shapes[rows]
    keys = tuple(layer.keys[row] or f"fid {layer.fids[row]}" for row in rows)
    return PlacedLayer(shapes, keys, tuple(codes[row] for row in rows))
