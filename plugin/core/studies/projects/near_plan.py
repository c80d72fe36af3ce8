# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of a plan that a review of projects reads: the rows near projects.

Projects meet few of the hundreds of thousands of rows of a county. Only the shapes of these rows are examined and
repaired, and only the fields that a review reads are read.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...plan.layer import Layer
from ...plan.plan import Plan
from ...standard.template import TemplateField
from .review_settings import ROWS_ALL, ReviewSettings

#: Concepts whose layers a review reads, besides those of its settings.
_CONCEPTS = ("zones", "county", "parcels", "townships", "functions")
#: Meanings and names of the fields that a review reads: keys and codes for the county's code, names, kinds, areas.
_MEANINGS = frozenset(
    (
        "key", "division_code", "division_name", "land_use", "land_use_name", "net_area", "zone_code", "zone_name",
        "feature_kind", "feature_name",
    )
)  # fmt: skip
_FIELD_NAMES = frozenset(("QSXZ", "BZ", "MC"))
#: First distance (m) within which the nearest row of a line is searched, and its growth with each search.
_FIRST_SEARCH_M, _GROWTH = 500.0, 4.0
#: A layer of up to this many rows is used whole.
_MAX_SMALL_LAYER_ROWS = 500


def needs_field(field: TemplateField) -> bool:
    """Return True for a field that a review reads."""
    return field.meaning in _MEANINGS or field.name in _FIELD_NAMES


def list_review_layers(plan: Plan, settings: ReviewSettings) -> list[Layer]:
    """Return the layers of the plan that a review reads, each once."""
    concepts = (
        *(line.concept for line in settings.lines),
        *_CONCEPTS,
        settings.archaeology_area,
        *settings.archaeology_ranges,
    )
    found = (plan.find_layer_of_concept(concept) for concept in concepts)
    return list({layer.role: layer for layer in found if layer is not None}.values())


def list_unread_layers(plan: Plan, settings: ReviewSettings) -> tuple[str, ...]:
    """Return the names of layers with rows that a review does not read.

    A recognised layer has its code behind the name. Unrecognised layers are among them.
    """
    read = {layer.role for layer in list_review_layers(plan, settings)}
    layers = [layer for role, layer in plan.layers.items() if role not in read and len(layer)]
    named = (f"{layer.template.name} {layer.role}" for layer in layers)
    return tuple(dict.fromkeys((*named, *plan.unrecognised_layers)))


def make_plan_near(
    plan: Plan, shapes: NDArray, settings: ReviewSettings, cancellation: Cancellation = NEVER_CANCELLED
) -> Plan:
    """Return a plan of the rows that a review of (n,) shapes reads; its results are those on the whole plan.

    These rows are: all near a shape, and of a line that a shape does not meet the nearest row, for the distance. A row
    has the same shape, place among the rows, and values as in the whole plan. Raise Cancelled between layers.
    """
    lines = {
        layer.role
        for spec in settings.lines
        if spec.rows == ROWS_ALL and (layer := plan.find_layer_of_concept(spec.concept)) is not None
    }
    layers = {}
    for layer in list_review_layers(plan, settings):
        cancellation.raise_if_cancelled()
        layers[layer.role] = _select_rows_near(layer, shapes, needs_nearest=layer.role in lines)
    near_plan = plan.make_plan_of_rows(layers, same_county=False)
    near_plan.unusable_layers = plan.unusable_layers
    return near_plan


def _select_rows_near(layer: Layer, shapes: NDArray, *, needs_nearest: bool) -> Layer:
    """Return a layer of the rows near shapes, with the facts of the whole layer that a review asks for."""
    if len(layer) <= _MAX_SMALL_LAYER_ROWS:
        return layer
    tree = _make_box_tree(layer)
    rows = np.unique(tree.query(shapes)[1])
    near = layer.select_rows_unprepared(rows)
    if needs_nearest:
        meets_none = np.ones(len(shapes), dtype=bool)
        meets_none[shapely.STRtree(near.plane_shapes).query(shapes, predicate="intersects")[0]] = False
        nearest = _find_nearest_rows(layer, tree, shapes[meets_none])
        if not np.isin(nearest, rows).all():
            near = layer.select_rows_unprepared(np.union1d(rows, nearest))
    # The rest of the layer decides only if no row here has a shape.
    near.__dict__["has_no_geometry"] = not near.has_shape.any() and layer.has_no_geometry
    # A row that could not be used may be anywhere.
    near.__dict__["unused_rows"] = layer.unused_rows
    return near


def _make_box_tree(layer: Layer) -> shapely.STRtree:
    """Return a tree of the boxes of a layer's rows in the plane; a repaired shape is within the box of its row."""
    shapes = layer.unrepaired_shapes.copy()
    layer.drop_stray_parts(shapes)
    shapes[~np.isfinite(shapely.bounds(shapes).reshape(-1, 4)).all(axis=1)] = None
    return shapely.STRtree(shapes)


def _find_nearest_rows(layer: Layer, tree: shapely.STRtree, shapes: NDArray) -> NDArray:
    """Return the rows of a layer that are nearest to (n,) shapes, one for each; none of a layer without shapes.

    ``tree``: of `_make_box_tree`. A row whose box is farther than the searched distance is farther, too. So the nearest
    among the rows found is the nearest of all if its distance is not above the searched distance.
    """
    found: list[NDArray] = []
    distance, count = _FIRST_SEARCH_M, np.count_nonzero(~shapely.is_missing(tree.geometries))
    while len(shapes):
        xmin, ymin, xmax, ymax = shapely.bounds(shapes).T
        boxes = shapely.box(xmin - distance, ymin - distance, xmax + distance, ymax + distance)
        rows = np.unique(tree.query(boxes)[1])
        candidates = layer.select_rows_unprepared(rows)
        positions, nearest = shapely.STRtree(candidates.plane_shapes).query_nearest(shapes, all_matches=False)
        is_far = np.ones(len(shapes), dtype=bool)
        distances = shapely.distance(shapes[positions], candidates.plane_shapes[nearest])
        is_final = (distances <= distance) | (len(rows) == count)
        found.append(rows[nearest[is_final]])
        is_far[positions[is_final]] = False
        shapes = shapes[is_far] if len(rows) < count else shapes[:0]
        distance *= _GROWTH
    return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=int)
