# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan prepared for many short reviews, such as one for each position of the mouse while a project is drawn.

A review of few projects reads few rows of a county: those that the projects meet, and of a layer that they do not meet
the nearest row, for the distance. `ProjectReview` runs on a plan of these rows, with the same results as on the whole
plan.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER_CANCELLED, Cancellation
from ..geometry.tolerance import Tolerance
from ..plan.layer import Layer
from ..plan.plan import Plan
from .admission import AdmissionTable
from .model import Project
from .review import ProjectReview, ReviewedProjects
from .settings import ReviewSettings

#: Concepts whose layers a review reads, besides those of its settings.
_CONCEPTS = ("zones", "county", "parcels", "townships", "functions")
#: Layers of some rows that are kept for each role: a drawn project meets the same few lines for many positions.
_KEPT_LAYERS = 4
#: First distance (m) within which the nearest row is searched among rows that were not edited.
_FIRST_SEARCH_M = 500.0


class RowSource(Protocol):
    """The rows of a plan's layers with edits; `core.live.rows.EditedRows` is one."""

    def list_edited_rows(self, role: str) -> list[int]:
        """Return the numbers of edited, added and removed rows."""
        ...

    def get_plane_shape(self, role: str, row: int) -> Any:
        """Return the shape of a row in the plane; None for a removed row, or without a shape."""
        ...

    def sort_edited_last(self, role: str, rows: set[int]) -> list[int]:
        """Return row numbers in the order of `make_layer_of_rows`."""
        ...

    def make_layer_of_rows(self, role: str, rows: list[int]) -> Layer:
        """Return a layer of rows in their present state."""
        ...


class _RowsAsRead:
    """The rows of a plan without edits."""

    def __init__(self, plan: Plan):
        self._plan = plan

    def list_edited_rows(self, _role: str) -> list[int]:
        return []

    def get_plane_shape(self, role: str, row: int) -> Any:
        return self._plan.layers[role].plane_shapes[row]

    def sort_edited_last(self, _role: str, rows: set[int]) -> list[int]:
        return sorted(rows)

    def make_layer_of_rows(self, role: str, rows: list[int]) -> Layer:
        return self._plan.layers[role].select_rows(np.array(rows, dtype=int))


class PreparedReview:
    """Reviews few projects at a time against one plan, each time within tens of milliseconds.

    An instance must not be used by several threads at once.

    Parameters
    ----------
    rows
        The rows of the plan with edits; None for the plan as it was read.
    """

    def __init__(
        self,
        plan: Plan,
        settings: ReviewSettings,
        table: AdmissionTable,
        tolerance: Tolerance,
        rows: RowSource | None = None,
    ):
        self.plan, self.settings, self.table, self.tolerance = plan, settings, table, tolerance
        self._rows: RowSource = _RowsAsRead(plan) if rows is None else rows
        self._trees: dict[str, shapely.STRtree] = {}
        self._kept: dict[str, OrderedDict[tuple[int, ...], Layer]] = {}

    def prepare(self, cancellation: Cancellation = NEVER_CANCELLED) -> None:
        """Build what all reviews need: search trees, validity and county code. Raise Cancelled between layers."""
        for layer in self._list_layers():
            cancellation.raise_if_cancelled()
            _ = layer.repeated_keys, layer.broken_rows, layer.invalid_rows
            _ = layer.raw_shapes, layer.unrepaired_shapes, layer.has_wrong_geometry_type
            self._trees.setdefault(layer.role, shapely.STRtree(layer.plane_shapes))
        _ = self.plan.area_code

    def use_rows(self, rows: RowSource | None) -> PreparedReview:
        """Return a review of the same plan with other edits, None for none; trees of the rows as read are shared."""
        other = PreparedReview(self.plan, self.settings, self.table, self.tolerance, rows)
        other._trees = self._trees
        return other

    def review(self, projects: Sequence[Project], cancellation: Cancellation = NEVER_CANCELLED) -> ReviewedProjects:
        """Return the results of projects, as `ProjectReview.review` does. Raise Cancelled."""
        if not projects:
            return ReviewedProjects((), ())
        shapes = np.array([project.shape for project in projects], dtype=object)
        layers = {}
        for layer in self._list_layers():
            cancellation.raise_if_cancelled()
            layers[layer.role] = self._make_local_layer(layer.role, shapes)
        plan = self.plan.make_plan_of_rows(layers, same_county=False)
        plan.unusable_layers = self.plan.unusable_layers
        review = ProjectReview(plan, projects, self.settings, self.table, self.tolerance, cancellation=cancellation)
        return review.review()

    def _list_layers(self) -> list[Layer]:
        """Return the layers of the plan that a review reads, each once."""
        concepts = (*(line.concept for line in self.settings.lines), *_CONCEPTS, *self.settings.archaeology_layers)
        found = (self.plan.find_layer_of_concept(concept) for concept in concepts)
        return list({layer.role: layer for layer in found if layer is not None}.values())

    def _make_local_layer(self, role: str, shapes: NDArray) -> Layer:
        """Return a layer of the rows that a review of shapes reads."""
        rows = self._find_rows(role, shapes)
        kept = self._kept.setdefault(role, OrderedDict())
        key = tuple(rows)
        if key in kept:
            kept.move_to_end(key)
        else:
            kept[key] = self._rows.make_layer_of_rows(role, rows)
            if len(kept) > _KEPT_LAYERS:
                kept.popitem(last=False)
        return kept[key]

    def _find_rows(self, role: str, shapes: NDArray) -> list[int]:
        """Return the rows that shapes meet, and the nearest one for each shape that meets none; edited rows last."""
        edited = np.array(self._rows.list_edited_rows(role), dtype=int)
        position, row = self._trees[role].query(shapes, predicate="intersects")
        if len(edited):
            is_unedited = ~np.isin(row, edited)
            position, row = position[is_unedited], row[is_unedited]
        edited_shapes = np.array([self._rows.get_plane_shape(role, one) for one in edited.tolist()] + [None])[:-1]
        rows = set(row.tolist())
        for number in range(len(shapes)):
            meets_edited = shapely.intersects(shapes[number], edited_shapes)
            rows.update(edited[meets_edited].tolist())
            if not meets_edited.any() and not (position == number).any():
                rows.update(self._find_nearest(role, shapes[number], edited, edited_shapes))
        return self._rows.sort_edited_last(role, rows)

    def _find_nearest(self, role: str, shape: Any, edited: NDArray, edited_shapes: NDArray) -> list[int]:
        """Return the nearest row of a layer, as a list; no row of a layer without shapes."""
        candidates, distances = self._trees[role].query_nearest(shape, return_distance=True, all_matches=False)
        if len(edited) and np.isin(candidates, edited).any():
            candidates, distances = self._find_nearest_unedited(role, shape, edited)
        candidates = np.concatenate([candidates, edited])
        distances = np.concatenate([distances, shapely.distance(shape, edited_shapes)])
        is_known = np.isfinite(distances)
        return [int(candidates[is_known][np.argmin(distances[is_known])])] if is_known.any() else []

    def _find_nearest_unedited(self, role: str, shape: Any, edited: NDArray) -> tuple[NDArray, NDArray]:
        """Return rows that were not edited, among them the nearest one, and their distances (m)."""
        tree, distance = self._trees[role], _FIRST_SEARCH_M
        while True:
            near = tree.query(shape, predicate="dwithin", distance=distance)
            unedited = near[~np.isin(near, edited)]
            # Without an unedited row at any distance the search ends when it has found all rows.
            if len(unedited) or len(near) == np.count_nonzero(~shapely.is_missing(tree.geometries)):
                return unedited, shapely.distance(shape, tree.geometries[unedited])
            distance *= 4
