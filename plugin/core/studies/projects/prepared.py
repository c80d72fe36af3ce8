# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan prepared for many short reviews, such as one for each position of the mouse while a project is drawn.

A review of few projects reads few rows of a county. `ProjectReview` runs on a plan of the rows in the surroundings of
the projects, with the same results as on the whole plan: no other row meets a project, and the distance to the nearest
row is measured in the whole layer. The surroundings are kept while a project that is being drawn stays within them.
Projects that are drawn or selected are shapes with attributes, read as rows of a file of projects are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ...base.errors import NEVER_CANCELLED, Cancellation
from ...checks.live.edited_rows import EditedRows
from ...geometry.overlay import find_overlapping_rows
from ...geometry.tolerance import Tolerance
from ...plan.layer import Layer
from ...plan.plan import Plan
from ...standard.messages.texts import Message
from .occupied import DistanceTree
from .read_projects import ProjectRows, ReadProjects, read_project_rows
from .review import ProjectReview, ReviewedProjects, WholeLayers
from .review_settings import FIELD_MEANINGS, AdmissionTable, ReviewSettings
from .reviewed_project import ConformityResult, Project, name_place
from .run_review import list_review_layers, make_result

#: Surroundings of projects: as a share of their size, and at least (m).
_MARGIN_SHARE, _MIN_MARGIN_M = 0.25, 30.0
#: First distance (m) within which the nearest row is searched among rows that were not edited.
_FIRST_SEARCH_M = 500.0


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
        rows: EditedRows | None = None,
    ):
        self.plan, self.settings, self.table, self.tolerance = plan, settings, table, tolerance
        self._rows = rows or EditedRows(plan)
        self._trees: dict[str, shapely.STRtree] = {}
        self._distances: dict[str, DistanceTree] = {}
        #: Code of a layer → box (xmin, ymin, xmax, ymax, m), and a layer of the rows whose boxes meet it.
        self._surroundings: dict[str, tuple[NDArray, Layer]] = {}
        self._gaps: dict[str, tuple[Message, ...]] = {}

    def prepare(self, cancellation: Cancellation = NEVER_CANCELLED) -> None:
        """Build what all reviews need: search trees, validity and county code. Raise Cancelled between layers."""
        for layer in list_review_layers(self.plan, self.settings):
            cancellation.raise_if_cancelled()
            _ = layer.repeated_keys, layer.broken_rows, layer.invalid_rows
            _ = layer.raw_shapes, layer.unrepaired_shapes, layer.has_wrong_geometry_type, layer.unused_rows
            self._trees.setdefault(layer.role, shapely.STRtree(layer.plane_shapes))
            _ = self._distances.setdefault(layer.role, DistanceTree(layer.plane_shapes)).tree
        _ = self.plan.area_code

    def use_rows(self, rows: EditedRows | None) -> PreparedReview:
        """Return a review of the same plan with other edits, None for none; trees of the rows as read are shared."""
        other = PreparedReview(self.plan, self.settings, self.table, self.tolerance, rows)
        other._trees, other._distances = self._trees, self._distances
        return other

    def review(self, projects: Sequence[Project], cancellation: Cancellation = NEVER_CANCELLED) -> ReviewedProjects:
        """Return the results of projects, as `ProjectReview.review` does. Raise Cancelled."""
        if not projects:
            return ReviewedProjects((), ())
        bounds = shapely.bounds(np.array([project.extent for project in projects], dtype=object))
        layers = {}
        for layer in list_review_layers(self.plan, self.settings):
            cancellation.raise_if_cancelled()
            layers[layer.role] = self._find_local_layer(layer.role, bounds)
        plan = self.plan.make_plan_of_rows(layers, same_county=False)
        plan.unusable_layers = self.plan.unusable_layers
        return ProjectReview(
            plan,
            projects,
            self.settings,
            self.table,
            self.tolerance,
            whole_layers=WholeLayers(self._rows.has_any_shape, self.list_gaps, self.measure_distance),
            cancellation=cancellation,
        ).review()

    def _find_local_layer(self, role: str, bounds: NDArray) -> Layer:
        """Return a layer of the rows around (n, 4) bounds (xmin, ymin, xmax, ymax, m); it may have rows outside them.

        For one project it keeps what is computed for its rows, such as texts and overlaps, until the project leaves the
        surroundings.
        """
        if len(bounds) > 1:
            return self._make_layer_in_boxes(role, shapely.box(*bounds.T))
        box, layer = self._surroundings.get(role, (np.full(4, np.nan), None))
        # No row outside the box meets what is within it.
        if layer is None or not ((box[:2] <= bounds[0, :2]) & (bounds[0, 2:] <= box[2:])).all():
            margin = max(_MARGIN_SHARE * float(np.max(bounds[0, 2:] - bounds[0, :2])), _MIN_MARGIN_M)
            box = bounds[0] + margin * np.array([-1, -1, 1, 1])
            layer = self._make_layer_in_boxes(role, np.array([shapely.box(*box)], dtype=object))
            # Overlaps of these rows hold for all positions of the project within the box.
            find_overlapping_rows(layer.polygons, self.tolerance)
            self._surroundings[role] = box, layer
        return layer

    def _make_layer_in_boxes(self, role: str, boxes: NDArray) -> Layer:
        """Return a layer of the rows that may meet one of (n,) boxes, in their present state; edited rows last."""
        edited = np.array(self._rows.list_edited_rows(role), dtype=int)
        rows = self._trees[role].query(boxes)[1]
        rows = {*rows[~np.isin(rows, edited)].tolist()}
        if len(edited):
            met = shapely.STRtree(self._get_edited_shapes(role, edited)).query(boxes)[1]
            rows.update(edited[met].tolist())
        return self._rows.make_layer_of_rows(role, self._rows.sort_edited_last(role, rows))

    def _get_edited_shapes(self, role: str, edited: NDArray) -> NDArray:
        """Return the (k,) shapes of edited rows in the plane; None for a removed row, or without a shape."""
        return np.array([self._rows.get_plane_shape(role, one) for one in edited.tolist()] + [None], dtype=object)[:-1]

    def list_gaps(self, role: str) -> tuple[Message, ...]:
        """Return sentences on unknown data of a layer, after the edits."""
        if role not in self.plan.layers:
            return self.plan.list_gaps(role)
        if role not in self._gaps:
            layer, edited = self.plan.layers[role], set(self._rows.list_edited_rows(role))
            edited_fids = {layer.fids[row] for row in edited if row < len(layer)}
            unused = [one for one in layer.unused_rows if one.fid not in edited_fids]
            self._gaps[role] = layer.describe_gaps(
                [*unused, *self._rows.make_layer_of_rows(role, self._rows.sort_edited_last(role, edited)).unused_rows]
            )
        return self._gaps[role]

    def measure_distance(self, role: str, shape: Any) -> float | None:
        """Return the distance (m, in the plane) from a shape to the nearest row of a layer; None without rows.

        The shape has no land in the layer.
        """
        edited = np.array(self._rows.list_edited_rows(role), dtype=int)
        if not len(edited):
            return self._distances[role].measure(shape)
        candidates, distances = self._trees[role].query_nearest(shape, return_distance=True, all_matches=False)
        if np.isin(candidates, edited).any():
            # Search rows that were not edited, each time farther away.
            tree, reach = self._trees[role], _FIRST_SEARCH_M
            while True:
                near = tree.query(shape, predicate="dwithin", distance=reach)
                unedited = near[~np.isin(near, edited)]
                # Without an unedited row at any distance the search ends when it has found all rows.
                if len(unedited) or len(near) == np.count_nonzero(~shapely.is_missing(tree.geometries)):
                    break
                reach *= 4
            distances = shapely.distance(shape, tree.geometries[unedited])
        distances = np.concatenate([distances, shapely.distance(shape, self._get_edited_shapes(role, edited))])
        known = distances[np.isfinite(distances)]
        return float(known.min()) if len(known) else None


@dataclass(frozen=True)
class DrawnProject:
    """A project that is drawn, selected or read from a file.

    ``shape``: polygon, line or point in ``crs``; ``attributes``: meaning of a field (`FIELD_MEANINGS`) → text, and
    where several fields have that meaning also name of the field in capitals → text; ``origin``: as in `Project`.
    """

    shape: Any
    crs: CRS
    attributes: Mapping[str, str] = field(default_factory=dict)
    origin: tuple[str, int] | None = None


def read_drawn_projects(
    drawn: Sequence[DrawnProject],
    plan: Plan,
    settings: ReviewSettings,
    source: str,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> ReadProjects:
    """Return projects as `read_projects` does for rows of a file; rows are numbered from 1 in the given order.

    ``source``: name of the source in notes. Raise InputError if the coordinates of a shape contradict its
    CRS, and Cancelled.
    """
    projects, notes = [], []
    for row, one in enumerate(drawn, 1):
        cancellation.raise_if_cancelled()
        # A row of a file; making a table for each position of the mouse would take milliseconds.
        columns = {}
        for meaning in FIELD_MEANINGS:
            names = [name for name in settings.fields[meaning] if name in one.attributes]
            texts = [(name, one.attributes[name]) for name in names] or [
                (settings.fields[meaning][0], one.attributes.get(meaning, ""))
            ]
            columns[meaning] = [(name, [text.strip()]) for name, text in texts]
        shapes = np.empty(1, dtype=object)
        shapes[0] = one.shape
        read = read_project_rows(ProjectRows(source, one.crs, shapes, columns), plan.norm, settings, plan.plane_crs)
        where = name_place(*(one.origin or (source, row)), one.attributes.get("name", ""))
        projects += [replace(project, row=row, origin=one.origin) for project in read.projects]
        notes += [
            replace(note, row=row, message=replace(note.message, params={**note.message.params, "where": where}))
            for note in read.notes
        ]
    return ReadProjects(tuple(projects), tuple(notes), len(drawn), source)


def review_drawn_projects(
    drawn: Sequence[DrawnProject],
    review: PreparedReview,
    source: str,
    lang: str,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> ConformityResult:
    """Return the review of drawn projects, as `run_review.review_projects` does for a file.

    Raise InputError and Cancelled.
    """
    read = read_drawn_projects(drawn, review.plan, review.settings, source, cancellation)
    return make_result(
        review.plan,
        review.settings,
        read,
        review.review(read.projects, cancellation),
        review.table,
        review.tolerance,
        lang,
    )
