# SPDX-License-Identifier: GPL-2.0-or-later
"""Read what a check of seams needs of each county, its border and features near it, and bring all into one plane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ...base.connection_text import describe_exception, make_source
from ...base.errors import NEVER_CANCELLED, Cancellation, Cancelled, DataError, InputError, require_value
from ...base.files.writing import make_access_error
from ...engine.context import RuleContext
from ...engine.provenance import find_county_name
from ...figures.indicators.areas import compute_area_with_target
from ...geometry.crs import describe_crs, find_three_degree_zone, reproject_to_lonlat
from ...geometry.edge_densification import EdgeCoordinates, find_shared_edges
from ...geometry.polygons import Polygons, union_polygon_rows
from ...geometry.tolerance import Tolerance
from ...model.indicator import AREA_FIGURES
from ...plan.layer import Layer
from ...plan.plan import Plan
from ...standard.messages.texts import Texts, strip_folders
from ...standard.options import RunOptions
from ..county_record import County
from ..overview_map import FROM_COUNTY, FROM_TOWNSHIPS
from .border import LinePieces
from .seam_result import BorderState, ChildFigure, ComparedLayer, CountyBorders, SeamSettings

#: Features this many times the reach from the border are read: a gap and a shift may be as wide as the reach.
READ_REACHES = 3.0
#: One cheap rule: the inspection of a package reads the layers in order to run rules on them.
_PACKAGE_RULES = ("SCH001",)


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
    plane_crs = _choose_plane(counties)
    shapes_by_crs: dict[CRS, list[NDArray]] = {}
    for county in counties:
        for layer in (require_value(county.outline, "the border of a county"), *county.layers.values()):
            shapes_by_crs.setdefault(layer.known_crs, []).append(layer.raw_shapes)
    joined = [(crs, np.concatenate(same_crs)) for crs, same_crs in shapes_by_crs.items()]
    # CRS → edges that a layer in another CRS has with the same ends: they get no additional vertices.
    undensified = find_shared_edges(joined, plane_crs) if len(joined) > 1 else {}
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
    outlines = Polygons(np.array(shapes, dtype=object))
    return PlacedCounties(plane_crs, tuple(counties), outlines, tuple(borders), tuple(layers))


def _choose_plane(counties: Sequence[CountyBorders]) -> CRS:
    """Return the plane (m) in which counties are compared; it does not depend on their order."""
    planes = [require_value(one.crs, "the plane of a county") for one in counties]
    if len(set(planes)) == 1 and describe_crs(planes[0]).zone_number is not None and planes[0].to_epsg():
        return planes[0]
    outlines = [require_value(one.outline, "the border of a county").plane_shapes for one in counties]
    boxes = [
        reproject_to_lonlat(np.array([shapely.box(*shapely.total_bounds(shapes))]), plane)[0]
        for shapes, plane in zip(outlines, planes, strict=True)
    ]
    west, _, east, _ = shapely.total_bounds(boxes)
    return find_three_degree_zone((west + east) / 2)


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
    return PlacedLayer(
        shapes, tuple(layer.keys[row] or f"fid {layer.fids[row]}" for row in rows), tuple(codes[row] for row in rows)
    )


def read_county_borders(
    county: County,
    options: RunOptions,
    package_spec: str,
    settings: SeamSettings,
    *,
    with_figures: bool,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> CountyBorders:
    """Return border and features near the border of a county or its package; one that cannot be read has the reason.

    ``with_figures``: compute the areas that targets exist for. Raise Cancelled and MemoryError.
    """

    def read() -> CountyBorders:
        county_options = replace(options, profile=county.profile or options.profile)
        if county.is_package:
            from ...package.export import make_options_for_package
            from ...package.inspection.inspect import inspect_package
            from ...package.package_spec.load import load_package_spec

            spec = load_package_spec(package_spec)
            plan = inspect_package(
                county.source,
                spec,
                make_options_for_package(replace(county_options, rules=_PACKAGE_RULES), spec),
                cancellation=cancellation,
            ).plan
        else:
            from ...plan.loading.reading import read_plan

            plan = read_plan(
                make_source(county.source), county_options.resolve_norm(), county_options, cancellation=cancellation
            )
        return extract_borders(county, plan, settings, with_figures, options.lang, cancellation)

    return make_borders_or_reason(county, read, options.lang)


def make_borders_or_reason(county: County, make_borders: Callable[[], CountyBorders], lang: str) -> CountyBorders:
    """Return what a function makes of a county; if it fails, borders without content that have the reason.

    Raise Cancelled and MemoryError.
    """
    texts = Texts(lang)
    try:
        return make_borders()
    except (InputError, DataError) as error:
        return CountyBorders(county.name, BorderState.UNREAD, strip_folders(texts.explain_error(error)))
    except OSError as error:
        no_access = make_access_error(county.source, error)
        return CountyBorders(county.name, BorderState.UNREAD, strip_folders(texts.explain_error(no_access)))
    except (MemoryError, Cancelled):
        raise
    except Exception as error:  # an unexpected error of one county must not stop the others: its row has the reason
        return CountyBorders(county.name, BorderState.CRASHED, describe_exception(error))


def extract_borders(
    county: County,
    plan: Plan,
    settings: SeamSettings,
    with_figures: bool,
    lang: str,
    cancellation: Cancellation,
) -> CountyBorders:
    """Return the border of a plan's county, and the rows of compared layers near it. Raise InputError without one."""
    outlines = {
        basis: layer
        for concept, basis in (("county", FROM_COUNTY), ("townships", FROM_TOWNSHIPS))
        if (layer := plan.find_layer_of_concept(concept)) is not None and not layer.has_no_geometry
    }
    basis, outline = next(iter(outlines.items()), ("", None))
    if outline is None:
        unusable = plan.find_unusable_layer("county")
        key = "seams_border_unusable" if unusable is not None else "seams_no_border"
        raise InputError(key, source=county.source, layer=unusable.name if unusable is not None else "")
    union = union_polygon_rows(outline.polygons, tolerance=settings.tolerance)
    if union is None:
        raise InputError("seams_border_unusable", source=county.source, layer=outline.name)
    border = shapely.boundary(union)
    layers, summed = {}, [concept for concept, _ in AREA_FIGURES.values()]
    for compared in settings.layers:
        cancellation.raise_if_cancelled()
        layer = plan.find_layer_of_concept(compared.concept)
        if layer is not None and not layer.has_no_geometry:
            layers[compared.concept] = layer.detach_rows(
                np.flatnonzero(shapely.dwithin(layer.plane_shapes, border, READ_REACHES * settings.reach_m))
            )
    figures = {}
    if with_figures:
        ctx = RuleContext(plan, plan.norm, settings.tolerance, cancellation=cancellation, lang=lang)
        targets = plan.norm.find_targets(plan.area_code)
        for indicator in AREA_FIGURES:
            area = compute_area_with_target(indicator, ctx)
            is_known = area.layer is None or not area.layer.gaps
            figures[indicator] = ChildFigure(
                None if area.layer is None else area.area_m2,
                area.is_confirmed and is_known,
                tuple(one for one in targets if one.indicator == indicator),
            )
    return CountyBorders(
        county.name,
        area_code=plan.area_code,
        area_name=find_county_name(plan),
        outline=outline.detach_rows(np.flatnonzero(outline.has_shape)),
        layers=layers,
        crs=plan.plane_crs,
        figures=figures,
        border_basis=basis,
        absent=frozenset(
            one.concept
            for one in settings.layers
            if one.concept in plan.norm.profile.absent and one.concept not in layers
        ),
        gaps=plan.list_gaps(outline.role, *(one.concept for one in settings.layers), *(summed if with_figures else ())),
    )
