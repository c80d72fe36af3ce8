# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of projects beside a plan (项目名单): who occupies what, registered twice or overlapping, and the room left.

Each reviewed project is a row of a GeoPackage, with its state (已审查, 已批准, 已撤回), which a planner edits there.
Rows are added and never changed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, OutputError
from ...base.files.open_datasource import copy_database
from ...base.files.writing import check_not_input, check_writable
from ...engine.context import RuleContext
from ...figures.indicators.areas import compute_area_with_target
from ...figures.indicators.townships import list_townships_by_code
from ...geometry.tolerance import Tolerance
from ...geometry.validity import extract_polygons
from ...model.indicator import AREA_FIGURES, SQUARE_METRES
from ...plan.io.file import DRIVER_ERRORS
from ...plan.io.geopackage_writing import append_rows
from ...plan.plan import Plan
from ...standard.messages.texts import Message, NameList
from .occupied import LayerOverlay, ProjectPieces, ProjectShapes, overlay_layer
from .read_projects import read_project_layer, read_projects
from .review_settings import PARTS_USE, ROWS_CULTIVATED, LineSpec, ReviewSettings
from .reviewed_project import (
    COUNTED_STATES,
    SECTION,
    AreaBasis,
    BilingualText,
    ListedProject,
    NoteLevel,
    Occupation,
    Project,
    ProjectList,
    ProjectNote,
    ProjectOverlap,
    ProjectState,
    name_place,
)

LIST_LAYER, LIST_SUFFIX = "projects", ".gpkg"
#: Field of the list → attribute of a project; state and date come with the registration.
_FIELDS = {
    "XMMC": "name", "XMBH": "number", "DKBH": "plot", "SQDW": "applicant", "YDYHFLDM": "use_code",
    "MJ": "statutory_m2",
}  # fmt: skip
_STATE_FIELD, _DATE_FIELD = "ZT", "RQ"
#: Item on all land of the projects, beside those of the lines.
LAND = "land"
_LAND_NAME = BilingualText("项目用地", "Land of projects")


def check_list_path(path: str, outputs: Iterable[str], data: Sequence[str]) -> None:
    """Raise OutputError if the list cannot be written, or if it is the plan or another output."""
    if Path(path).suffix.lower() != LIST_SUFFIX:
        raise OutputError("output_format", target=path, known=LIST_SUFFIX)
    check_writable(path, list(data))
    for output in outputs:
        check_not_input(output, [path])


def update_list(
    path: str | Path,
    reviewed: Sequence[Project],
    plan: Plan,
    settings: ReviewSettings,
    tolerance: Tolerance,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> ProjectList:
    """Return the list of a file with the reviewed projects as further rows; `write_list` writes it.

    A project that is a row already, with the same land, is not added, unless its layer states another state. Raise
    InputError if the file is another one, with row and remedy if a state is unknown.
    """
    path = Path(path)
    rows, row_count, notes, crs = _read_rows(path, plan, settings) if path.exists() else ([], 0, (), plan.plane_crs)
    known = []
    for project in reviewed:
        stated = _find_state(project.state, settings)
        if project.state and stated is None:
            params = {
                "where": name_place(project.source, project.row, project.label),
                "value": project.state,
                "known": _list_words(settings),
            }
            message = Message(SECTION, "note_list_state", params)
            notes = (*notes, ProjectNote(NoteLevel.WARNING, message, project.row, project.label))
        if any(
            not one.is_new
            and _is_same_project(one.project, project, tolerance)
            and _has_same_land(one.project, project, tolerance)
            and stated in (None, one.state)
            for one in rows
        ):
            known.append(project.label)
            continue
        row_count += 1
        listed = replace(project, row=row_count)
        state = stated or ProjectState.REVIEWED
        rows.append(ListedProject(listed, state, project.date or date.today().isoformat(), is_new=True))
    rows = _mark_counted(rows, tolerance)
    counted = sorted((one for one in rows if one.is_counted), key=lambda one: COUNTED_STATES.index(one.state))
    overlaps, occupations, failed = _sum_land(counted, plan, settings, tolerance, cancellation)
    words = {state: names[0] for state, names in settings.state_words.items()}
    return ProjectList(path, tuple(rows), tuple(known), overlaps, occupations, failed, notes, crs, words)


def write_list(listed: ProjectList, plane_crs: CRS, path: Path) -> None:
    """Write the file of a list with its new rows to another path; it then replaces the file. Raise OutputError.

    The rows that the file has now are copied as they are, so that what others wrote meanwhile stays.
    """
    new = [one for one in listed.rows if one.is_new]
    frame = gpd.GeoDataFrame(
        [
            {name: getattr(one.project, attribute) for name, attribute in _FIELDS.items()}
            | {_STATE_FIELD: listed.words[one.state], _DATE_FIELD: one.date}
            for one in new
        ],
        columns=[*_FIELDS, _STATE_FIELD, _DATE_FIELD],
        geometry=[one.project.shape for one in new],
        crs=plane_crs,
    ).to_crs(listed.crs)
    try:
        if listed.path.exists():
            copy_database(listed.path, path)
        if new or not path.exists():
            append_rows(frame.astype({"MJ": float}), path, LIST_LAYER)
    except (*DRIVER_ERRORS, sqlite3.Error) as error:
        raise OutputError("output_unwritable", target=str(listed.path), detail="refused") from error


def _read_rows(
    path: Path, plan: Plan, settings: ReviewSettings
) -> tuple[list[ListedProject], int, tuple[ProjectNote, ...], CRS]:
    """Return the rows of a list that have land, the number of all rows, notes on the others, and the CRS."""
    layer = read_project_layer(path, LIST_LAYER)
    missing = [name for name in ("XMMC", "XMBH", _STATE_FIELD, _DATE_FIELD) if name not in layer.frame]
    if missing or layer.crs is None:
        raise InputError("project_list_fields", source=str(path), fields=NameList(tuple(missing or ["CRS"])))
    if not len(layer.frame):
        return [], 0, (), layer.crs
    read = read_projects(layer, plan.norm, settings, plan.plane_crs)
    rows = []
    for project in read.projects:
        state = _find_state(project.state, settings)
        if state is None:
            params = {"row": project.row, "field": _STATE_FIELD, "value": project.state}
            raise InputError("project_list_state", source=str(path), known=_list_words(settings), **params)
        rows.append(ListedProject(project, state, project.date))
    return rows, read.row_count, tuple(note for note in read.notes if note.level is NoteLevel.ERROR), layer.crs


def _find_state(text: str, settings: ReviewSettings) -> ProjectState | None:
    """Return the state of a word; None for another text."""
    return next((state for state, words in settings.state_words.items() if text.strip().upper() in words), None)


def _list_words(settings: ReviewSettings) -> NameList:
    """Return the words that are written for the states, for messages."""
    return NameList(tuple(words[0] for words in settings.state_words.values()))


def _is_same_project(one: Project, other: Project, tolerance: Tolerance) -> bool:
    """Return True if two rows register one project: the same number (and plot), or the same name and land.

    The number of a plot alone (地块编号 1) identifies a project only with its name.
    """
    is_plot = one.number == one.plot
    has_same_name = bool(one.name) and one.name == other.name
    if one.number and (one.number, one.plot) == (other.number, other.plot) and (has_same_name or not is_plot):
        return True
    return has_same_name and _has_same_land(one, other, tolerance)


def _has_same_land(one: Project, other: Project, tolerance: Tolerance) -> bool:
    """Return True if the land of two projects differs by less than the smallest area of the tolerance."""
    difference = shapely.area(shapely.symmetric_difference(one.shape, other.shape))
    return bool(difference < tolerance.min_area_m2)


def _mark_counted(rows: Sequence[ListedProject], tolerance: Tolerance) -> list[ListedProject]:
    """Return the rows with those of one project named, and one of them counted.

    Of several registrations the last one applies; but one that was approved applies until a later row states another
    decision, because a further review does not withdraw an approval.
    """
    group = np.arange(len(rows))
    for second, row in enumerate(rows):
        for first in range(second):
            if group[first] != group[second] and _is_same_project(rows[first].project, row.project, tolerance):
                group[group == group[second]] = group[first]
    marked = list(rows)
    for number in np.unique(group):
        members = np.flatnonzero(group == number).tolist()
        applying = members[0]
        for member in members[1:]:
            is_only_review = rows[member].state is ProjectState.REVIEWED
            if not (is_only_review and rows[applying].state is ProjectState.APPROVED):
                applying = member
        same_rows = tuple(rows[member].project.row for member in members) if len(members) > 1 else ()
        for member in members:
            is_counted = member == applying and rows[member].state in COUNTED_STATES
            marked[member] = replace(rows[member], is_counted=is_counted, same_rows=same_rows)
    return marked


def _sum_land(
    counted: Sequence[ListedProject],
    plan: Plan,
    settings: ReviewSettings,
    tolerance: Tolerance,
    cancellation: Cancellation,
) -> tuple[tuple[ProjectOverlap, ...], tuple[Occupation, ...], tuple[str, ...]]:
    """Return the overlaps of projects, what they occupy by line and township, and the names of failed projects.

    ``counted``: the approved ones first, whose land does not count again for the reviewed ones.
    """
    if not counted:
        return (), (), ()
    shapes = np.array([one.project.shape for one in counted], dtype=object)
    whole = ProjectShapes(
        shapes, np.array([one.project.statutory_m2 for one in counted]), plan.plane_crs, tolerance, cancellation
    )
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    overlaps = []
    rest = shapes.copy()
    for number in range(len(shapes)):
        cancellation.raise_if_cancelled()
        earlier = np.sort(second[(first == number) & (second < number)])
        shared = shapely.intersection(shapes[earlier], shapes[number])
        areas = shapely.area(shared)
        lengths = np.where(areas > 0, shapely.length(shared), 1.0)
        for position in np.flatnonzero(~tolerance.is_sliver(areas, 2 * areas / lengths)).tolist():
            area = float(whole.measure(np.array([extract_polygons(shared[position])], dtype=object))[0])
            one, other = counted[earlier[position]].project, counted[number].project
            overlaps.append(ProjectOverlap(one.row, one.label, other.row, other.label, area))
        if areas.any():
            rest[number] = extract_polygons(shapely.difference(shapes[number], shapely.union_all(shapes[earlier])))
    kept = np.flatnonzero(~shapely.is_missing(rest))
    measured = whole.measure(rest[kept]) * whole.factors[kept]
    parts = _Parts(ProjectShapes(rest[kept], measured, plan.plane_crs, tolerance, cancellation), kept)
    townships = parts.split_by_townships(plan)
    is_approved = np.array([counted[number].state is ProjectState.APPROVED for number in parts.project], dtype=bool)
    occupations = parts.sum_line(LAND, "", _LAND_NAME, None, townships, is_approved)
    ctx = RuleContext(plan, plan.norm, tolerance, cancellation=cancellation)
    for line in settings.lines:
        cancellation.raise_if_cancelled()
        layer = plan.find_layer_of_concept(line.concept)
        if layer is None or layer.has_no_geometry or line.parts == PARTS_USE:
            continue
        land = parts.find_land(overlay_layer(parts.shapes, layer), line, ctx)
        summed = parts.sum_line(line.id, layer.role, line.name, land, townships, is_approved)
        occupations += [replace(summed[0], **_find_room(line, ctx)), *summed[1:]]
    failed = dict.fromkeys(counted[number].project.label for number in sorted(parts.failed))
    return tuple(overlaps), tuple(occupations), tuple(failed)


class _Parts:
    """Land of projects that counts, each place once, later divided by townships.

    ``project`` (n,): number of the project of each part; ``failed``: projects whose overlay failed.
    """

    def __init__(self, shapes: ProjectShapes, project: NDArray):
        self.shapes, self.project = shapes, project
        self.failed: set[int] = set()

    def split_by_townships(self, plan: Plan) -> list[tuple[str, str]]:
        """Divide the parts by townships; return code and name of each part's township, empty for land outside."""
        layer = plan.find_layer_of_concept("townships")
        if layer is None or layer.has_no_geometry or not len(self.project):
            return [("", "")] * len(self.project)
        overlay = overlay_layer(self.shapes, layer)
        self.failed |= {int(self.project[part]) for part in overlay.failed}
        townships, place_of_row = list_townships_by_code(layer)
        found: list[tuple[Any, float, int, tuple[str, str]]] = []
        for part, shape in enumerate(self.shapes.shapes):
            pieces, project = overlay.get_pieces(part), int(self.project[part])
            for row, piece, area in zip(pieces.rows.tolist(), pieces.shapes, pieces.areas.tolist(), strict=True):
                township = townships[place_of_row[row]]
                found.append((piece, area, project, (township.code, township.name)))
            outside = extract_polygons(shapely.difference(shape, shapely.union_all(pieces.shapes)))
            if outside is not None:
                area = max(float(self.shapes.statutory_m2[part]) - pieces.total_m2, 0.0)
                found.append((outside, area, project, ("", "")))
        shapes, areas, projects, names = zip(*found, strict=True)
        self.project = np.array(projects)
        self.shapes = replace(
            self.shapes, shapes=np.array(shapes, dtype=object), statutory_m2=np.array(areas, dtype=float)
        )
        return list(names)

    def find_land(self, overlay: LayerOverlay, line: LineSpec, ctx: RuleContext) -> list[tuple[float, float | None]]:
        """Return the land of each part in a line: statutory and net area (m²), None if that is unknown."""
        self.failed |= {int(self.project[part]) for part in overlay.failed}
        has_net = line.basis is AreaBasis.NET and overlay.layer.has_values("net_area")
        net_of_row = overlay.layer.numbers("net_area") if has_net else None
        is_counted = ctx.find_cultivated_rows(overlay.layer) if line.rows == ROWS_CULTIVATED else None
        land = []
        for part in range(len(self.project)):
            pieces: ProjectPieces = overlay.get_pieces(part)
            if is_counted is not None:
                pieces = pieces.select(is_counted[pieces.rows])
            land.append((pieces.total_m2, None if net_of_row is None else pieces.sum_by(net_of_row)))
        return land

    def sum_line(
        self,
        line_id: str,
        role: str,
        name: BilingualText,
        land: Sequence[tuple[float, float | None]] | None,
        townships: Sequence[tuple[str, str]],
        is_approved: NDArray,
    ) -> list[Occupation]:
        """Return the sums of the county, then of each township with land. ``land`` of each part; None: all its land."""
        gross = np.array(self.shapes.statutory_m2 if land is None else [one[0] for one in land], dtype=float)
        # An unknown net area is not a number, so that sums with it are unknown, too.
        net = np.array([None if land is None else one[1] for one in land or townships], dtype=float)
        sums = []
        for place in (None, *sorted({one for one, area in zip(townships, gross, strict=True) if area > 0})):
            is_here = np.array([place in (None, one) for one in townships], dtype=bool)
            groups = [is_here & is_approved, is_here & ~is_approved]
            nets = [float(net[group].sum()) for group in groups]
            has_net = land is not None and bool(np.isfinite(nets).all())
            areas: dict[str, Any] = {
                f"{state}_{kind}": value
                for state, group, total_net in zip(COUNTED_STATES, groups, nets, strict=True)
                for kind, value in (("m2", float(gross[group].sum())), ("net_m2", total_net if has_net else None))
            }
            basis = AreaBasis.NET if has_net else AreaBasis.STATUTORY
            sums.append(Occupation(line_id, role, name, basis, *(place or (None, None)), **areas))
        return sums


def _find_room(line: LineSpec, ctx: RuleContext) -> dict[str, Any]:
    """Return the room of a line that must keep an area, as attributes of an occupation; nothing without a target."""
    name = next((one for one, (concept, _) in AREA_FIGURES.items() if concept == line.concept), None)
    targets = ctx.norm.find_targets(ctx.plan.area_code)
    target = next((one for one in targets if one.indicator == name and one.comparison == ">="), None)
    if name is None or target is None:
        return {}
    figure = compute_area_with_target(name, ctx)
    room = figure.area_m2 - target.numeric_value * SQUARE_METRES[target.unit]
    return {"room_m2": room, "is_room_confirmed": figure.is_confirmed}
