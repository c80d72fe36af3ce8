# SPDX-License-Identifier: GPL-2.0-or-later
"""A review of projects: read the plan and the projects, keep the rows near them, review them.

Command line and toolbox use this module.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.connection_text import name_source
from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, ProgressCallback
from ...geometry.tolerance import Tolerance
from ...plan.layer import Layer, SourceLayer
from ...plan.loading.reading import read_plan
from ...plan.plan import Plan
from ...standard.divisions import label_division
from ...standard.options import MIN_WIDTH_M, LowerPlanKind, RunOptions
from ...standard.profile import DocumentInfo
from ...standard.template import TemplateField
from .lower_plan import select_construction, sum_lower_plan
from .project_list import update_list
from .read_projects import ReadProjects, read_projects
from .review import ProjectReview, ReviewedProjects
from .review_settings import ROWS_ALL, AdmissionTable, ReviewSettings, load_admission, load_review_settings
from .reviewed_project import ConformityResult

_READING_SHARE = 0.4
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


def review_projects(
    projects: SourceLayer,
    data: str | Path | Iterable[SourceLayer],
    options: RunOptions | None = None,
    *,
    width_m: float | None = None,
    use: str = "",
    project_list: str | Path = "",
    lower_plan: LowerPlanKind | None = None,
    boundary: SourceLayer | None = None,
    source: str = "",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> ConformityResult:
    """Return the review of all projects of a layer against the plan of a county.

    The plan is read once. A project that cannot be reviewed is left out, with a note; the others are reviewed.

    Parameters
    ----------
    projects
        Polygons, lines or points; `read_project_layer` reads them from a file.
    data
        File or folder of the plan, or layers that are already read; ``source`` names the origin of those.
    width_m, use
        For rows without a width or a use: width of lines and diameter of points (m), code or name of the use.
    project_list
        File of the list of projects (`project_list`), which need not exist; empty: no list is kept.
    lower_plan, boundary
        The rows are the parcels of such a plan, which lies in the polygons of ``boundary``: those of construction are
        reviewed, all of them are compared with the boundary and the shares that such a plan keeps.

    Raises
    ------
    InputError, DataError
        The plan, the projects or the list cannot be read, or the admission table is wrong; the error names the remedy.
    Cancelled
        Between layers and projects.
    """
    options = options or RunOptions()
    if width_m is not None and not MIN_WIDTH_M <= width_m < float("inf"):
        raise InputError("projects_width", value=str(width_m), limit=str(MIN_WIDTH_M))
    norm = options.resolve_norm()
    settings = load_review_settings(norm)
    table = load_admission(norm, settings)
    progress(0.0, "")
    plan = read_plan(data, norm, options, source=source, needs_field=needs_field, cancellation=cancellation)
    progress(_READING_SHARE, "")
    read = read_projects(projects, norm, settings, plan.plane_crs, width_m=width_m, use=use, cancellation=cancellation)
    parcels = read.projects
    if lower_plan is not None:
        read = select_construction(read, norm)
    tolerance = options.tolerance or norm.make_tolerance()
    reviewed = ProjectReview(
        make_plan_near(
            plan, np.array([project.extent for project in read.projects], dtype=object), settings, cancellation
        ),
        read.projects,
        settings,
        table,
        tolerance,
        progress=lambda share: progress(_READING_SHARE + (1 - _READING_SHARE) * share, ""),
        cancellation=cancellation,
    ).review()
    result = make_result(plan, settings, read, reviewed, table, tolerance, options.lang, options.document_info)
    if project_list:
        found = [one.project for one in result.results]
        listed = update_list(project_list, found, plan, settings, tolerance, cancellation)
        result = replace(result, project_list=listed)
    if lower_plan is not None:
        extent = None if boundary is None else read_projects(boundary, norm, settings, plan.plane_crs)
        figures = sum_lower_plan(lower_plan, parcels, extent, plan, tolerance)
        result = replace(result, lower_plan=figures)
    progress(1.0, "")
    return result


def make_result(
    plan: Plan,
    settings: ReviewSettings,
    read: ReadProjects,
    reviewed: ReviewedProjects,
    table: AdmissionTable,
    tolerance: Tolerance,
    lang: str,
    document_info: DocumentInfo | None = None,
) -> ConformityResult:
    """Return the result of a review, with the notes on rows of the projects before those of the review."""
    # A recognised layer that is not read has its code behind the name; unrecognised layers are not read, either.
    used = {layer.role for layer in list_review_layers(plan, settings)}
    layers = [layer for role, layer in plan.layers.items() if role not in used and len(layer)]
    unread = (*(f"{layer.template.name} {layer.role}" for layer in layers), *plan.unrecognised_layers)
    # The name of the county is that of its profile, its outline, else of the list of divisions.
    profile, county = plan.norm.profile, plan.find_layer_of_concept("county")
    area_name = profile.name if profile.area_code == plan.area_code else ""
    if not area_name and county is not None and len(county) == 1:
        area_name = county.text("division_name")[0]
    return ConformityResult(
        tuple(
            replace(one, notes=(*(note for note in read.notes if note.row == one.project.row), *one.notes))
            for one in reviewed.results
        ),
        tuple(sorted((*read.notes, *reviewed.notes), key=lambda note: note.row)),
        read.row_count,
        read.source,
        name_source(plan.source),
        area_name or label_division(plan.area_code, plan.norm.standard.code_lists.get("divisions")),
        table.file_name,
        tolerance,
        lang,
        datetime.now().astimezone(),
        plan,
        tuple(dict.fromkeys(unread)),
        document_info,
    )


def needs_field(field: TemplateField) -> bool:
    """Return True for a field that a review reads."""
    return field.meaning in _MEANINGS or field.name in _FIELD_NAMES


def list_review_layers(plan: Plan, settings: ReviewSettings) -> list[Layer]:
    """Return the layers of the plan that a review reads, each once."""
    concepts = (
        *(line.concept for line in settings.lines),
        *_CONCEPTS,
        settings.archaeology.area,
        *settings.archaeology.ranges,
    )
    found = (plan.find_layer_of_concept(concept) for concept in concepts)
    return list({layer.role: layer for layer in found if layer is not None}.values())


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
    # The boxes of the rows in the plane; a repaired shape is within the box of its row.
    boxed = layer.unrepaired_shapes.copy()
    layer.drop_stray_parts(boxed)
    boxed[~np.isfinite(shapely.bounds(boxed).reshape(-1, 4)).all(axis=1)] = None
    tree = shapely.STRtree(boxed)
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


def _find_nearest_rows(layer: Layer, tree: shapely.STRtree, shapes: NDArray) -> NDArray:
    """Return the rows of a layer that are nearest to (n,) shapes, one for each; none of a layer without shapes.

    ``tree``: of the boxes of the rows. A row whose box is farther than the searched distance is farther, too. So the
    nearest among the rows found is the nearest of all if its distance is not above the searched distance.
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
