# SPDX-License-Identifier: GPL-2.0-or-later
"""Land that projects share with the rows of a layer, for all projects at once, and distances to the nearest row.

The land is summed by class and ownership, and by township and main function; also what must be made up for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import Cancellation
from ...base.files.cells import format_column
from ...engine.context import RuleContext
from ...engine.geometry_queries import compute_piece_shares_of_rows
from ...geometry.crs import make_lonlat_transformer
from ...geometry.overlay import find_overlapping_rows, overlay_rows_between, select_present_rows
from ...geometry.overlay_fallback import FallbackLog, union_near_row
from ...geometry.overlay_pieces import OverlayPieces, collect_pieces, remove_repeated_land
from ...geometry.polygon_rings import extract_rings
from ...geometry.polygons import MAX_UNCLIPPED_VERTICES, ClipCache, Polygons
from ...geometry.statutory_area import compute_drawn_area
from ...geometry.tolerance import Tolerance
from ...plan.layer import Layer
from ...standard.messages.texts import Message, NameList
from ...standard.template import TemplateField
from .review_sentences import Area
from .review_settings import read_codes
from .reviewed_project import (
    SECTION,
    ClassItem,
    HeritageNotice,
    LineItem,
    Project,
    SupplementItem,
    TownshipItem,
)

#: Segments in one section of the boundary of a large polygon.
_SEGMENTS = 32


@dataclass
class DistanceTree:
    """Measures distances to the nearest of (n,) shapes in a plane (m); some may be None.

    The boundaries of large polygons are searched by sections. A shape that has no land in a polygon is as far from it
    as from its boundary, so that the distance is the same.
    """

    shapes: NDArray

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Return a tree of small shapes, and of sections of the boundaries of large polygons; built when first used.

        Building it takes as long as thousands of distances.
        """
        is_large = (shapely.get_num_coordinates(self.shapes) > MAX_UNCLIPPED_VERTICES) & (
            shapely.get_dimensions(self.shapes) == 2
        )
        if not is_large.any():
            return shapely.STRtree(self.shapes)
        xy, starts, _, _ = extract_rings(self.shapes[is_large])
        # Section k of a ring begins at its vertex k · `_SEGMENTS`; the last vertex of a ring begins no section.
        counts = -(-(np.diff(starts) - 1) // _SEGMENTS)
        number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        first = np.repeat(starts[:-1], counts) + number * _SEGMENTS
        last = np.minimum(first + _SEGMENTS, np.repeat(starts[1:] - 1, counts))
        sizes = last - first + 1
        vertices = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(first, sizes)
        sections: NDArray = shapely.linestrings(xy[vertices], indices=np.repeat(np.arange(len(sizes)), sizes))
        return shapely.STRtree(np.concatenate([self.shapes[~is_large], sections]))

    def measure(self, shape: Any) -> float | None:
        """Return the distance (m) of a shape that has no land in any polygon; None without shapes."""
        rows, distances = self.tree.query_nearest(shape, return_distance=True, all_matches=False)
        return float(distances[0]) if len(rows) else None


@dataclass(frozen=True)
class ProjectPieces:
    """The land of one project in a layer.

    ``rows`` (k,): rows of the layer; ``shapes`` (k,): the land in each, no place twice within a group of rows;
    ``areas`` (k,): statutory m², in the measure of the project, so that the pieces of a layer that covers the project
    sum to the project; ``shares`` (k,): share of each row's area; ``union``, ``union_m2``: all land and its area if
    groups may share land, else None.
    """

    rows: NDArray
    shapes: NDArray
    areas: NDArray
    shares: NDArray
    union: Any = None
    union_m2: float | None = None

    def select(self, is_selected: NDArray) -> ProjectPieces:
        """Return the pieces that ``is_selected`` ((k,) bool) marks."""
        return ProjectPieces(
            self.rows[is_selected], self.shapes[is_selected], self.areas[is_selected], self.shares[is_selected]
        )

    @property
    def total_m2(self) -> float:
        """Return the area of all land, each place once."""
        return float(self.areas.sum()) if self.union_m2 is None else self.union_m2

    @cached_property
    def planar_m2(self) -> float:
        """Return the planar area (m²) of all land, each place once."""
        return float(shapely.area(self.shapes if self.union is None else self.union).sum())

    def sum_by(self, values: NDArray) -> float | None:
        """Return Σ share × value of the row ((n,) by row of the layer); None if a value is missing."""
        products = self.shares * values[self.rows]
        return float(products.sum()) if np.isfinite(products).all() else None

    def unite(self, tolerance: Tolerance) -> Any:
        """Return all pieces as one shape; None without any."""
        return unite_shapes(self.shapes, tolerance) if self.union is None else self.union

    def is_sliver(self, tolerance: Tolerance) -> bool:
        """Return True if all pieces together are below both limits of slivers, or nothing."""
        if self.planar_m2 >= tolerance.min_area_m2:
            return False
        shape = self.unite(tolerance)
        if shape is None:
            return True
        area, length = shapely.area(shape), shapely.length(shape)
        return bool(tolerance.is_sliver(area, 2 * area / length if length else 0.0))


def unite_shapes(shapes: NDArray, tolerance: Tolerance) -> Any:
    """Return (k,) polygons as one shape; None without any, or if GEOS fails with every method."""
    if len(shapes) < 2:
        return shapes[0] if len(shapes) else None
    return union_near_row(shapes, -1, tolerance, FallbackLog())


NO_PIECES = ProjectPieces(np.zeros(0, dtype=int), np.zeros(0, dtype=object), np.zeros(0), np.zeros(0))


@dataclass
class ProjectShapes:
    """The shapes of all projects, and factors from drawn to statutory area.

    ``shapes`` (n,): polygons in the plan's plane; ``statutory_m2`` (n,): 图斑椭球面积.
    """

    shapes: NDArray
    statutory_m2: NDArray
    plane_crs: Any
    tolerance: Tolerance
    cancellation: Cancellation

    @cached_property
    def polygons(self) -> Polygons:
        """Return the shapes as polygons for overlays."""
        return Polygons(self.shapes)

    def measure(self, shapes: NDArray) -> NDArray:
        """Return the (k,) areas (m²) of shapes as drawn in the plane."""
        return compute_drawn_area(shapes, make_lonlat_transformer(self.plane_crs), self.cancellation)

    @cached_property
    def factors(self) -> NDArray:
        """Return (n,) statutory area of each project divided by its area as drawn; 1 ± some millionths."""
        drawn = self.measure(self.shapes)
        return np.divide(self.statutory_m2, drawn, out=np.ones(len(drawn)), where=drawn > 0)


@dataclass
class LayerOverlay:
    """What all projects share with a layer.

    ``pieces``: land of projects (left) in rows (right) of the layer, no place of a project twice within a group of
    rows; ``failed``: projects whose overlay failed with a row; ``distance_from``: returns the distance (m, in the
    plane) from a shape without land in the layer to the nearest feature, None without features; ``shared``: projects
    that may have land in several groups at once.
    """

    layer: Layer
    projects: ProjectShapes
    pieces: OverlayPieces
    failed: frozenset[int]
    distance_from: Callable[[Any], float | None]
    shared: frozenset[int] = frozenset()

    def get_pieces(self, project: int) -> ProjectPieces:
        """Return the land of a project in the layer."""
        return self._by_project.get(project, NO_PIECES)

    @cached_property
    def _by_project(self) -> dict[int, ProjectPieces]:
        """Return number of a project → its land."""
        pieces = self.pieces
        if not len(pieces):
            return {}
        drawn_areas = self.projects.measure(pieces.geometry)
        areas = drawn_areas * self.projects.factors[pieces.left]
        # Shares serve sums of net areas; measuring large rows for them takes long.
        shares = np.full(len(areas), np.nan)
        if self.layer.has_field("net_area"):
            shares = compute_piece_shares_of_rows(
                replace(pieces, left=pieces.right, right=pieces.left),
                self.layer,
                self.projects.measure,
                drawn_areas,
                self._measure_rows,
            )
        by_project = {}
        order = np.argsort(pieces.left, kind="stable")
        numbers, starts = np.unique(pieces.left[order], return_index=True)
        for number, is_own in zip(numbers.tolist(), np.split(order, starts)[1:], strict=True):
            union = unite_shapes(pieces.geometry[is_own], self.projects.tolerance) if number in self.shared else None
            union_m2 = (
                float(self.projects.measure(np.array([union]))[0] * self.projects.factors[number])
                if union is not None
                else None
            )
            by_project[number] = ProjectPieces(
                pieces.right[is_own], pieces.geometry[is_own], areas[is_own], shares[is_own], union, union_m2
            )
        return by_project

    def _measure_rows(self, rows: NDArray) -> NDArray:
        """Return the (k,) areas (m²) of rows as drawn; the layer keeps them for further positions of a project."""
        known = self.layer.drawn_area_by_row
        unknown = np.array([row for row in rows.tolist() if row not in known], dtype=int)
        if len(unknown):
            known.update(
                zip(unknown.tolist(), self.projects.measure(self.layer.plane_shapes[unknown]).tolist(), strict=True)
            )
        return np.array([known[row] for row in rows.tolist()], dtype=float)


def overlay_layer(projects: ProjectShapes, layer: Layer, groups: NDArray | None = None) -> LayerOverlay:
    """Return the land that each project shares with a layer.

    Only rows near a project are overlaid. Where rows of one group overlap each other, the land counts for the first of
    them; rows of different groups, such as two planning zones, each have all of it.

    Parameters
    ----------
    groups
        (n,) group of each row. None: all rows are one group.

    Raises
    ------
    Cancelled
        Between batches.
    """
    distance_from = DistanceTree(layer.plane_shapes).measure
    rows = np.unique(shapely.STRtree(layer.plane_shapes).query(projects.shapes)[1])
    near = layer.polygons
    if len(rows) < len(layer):
        layer.clip_cache = layer.clip_cache or ClipCache()
        near = Polygons(layer.plane_shapes[rows], layer.clip_cache)
    # Not `find_shared_pieces`, which compares all segments of the rows first.
    left, right, shapes, fallback_log = overlay_rows_between(
        projects.polygons,
        near,
        select_present_rows(projects.polygons, None),
        select_present_rows(near, None),
        projects.tolerance,
        projects.cancellation,
    )
    pieces = collect_pieces(
        left, right, shapes, projects.tolerance, False, fallback_log, projects.cancellation, keep_slivers=True
    )
    failed = frozenset(int(left) for left, _ in pieces.fallback_log.failed_pairs)
    shared: frozenset[int] = frozenset()
    if len(pieces):
        is_overlapping = _find_overlapping_rows(layer, rows, near, pieces.right, projects)
        group_of_row = np.zeros(len(rows), dtype=int) if groups is None else groups[rows]
        may_repeat = is_overlapping[pieces.right]
        if may_repeat.any():
            # Repeated land stays with the first row, so that no group of rows has a place of a project twice.
            kept = [pieces.select(~may_repeat)]
            keys = np.column_stack([pieces.left, group_of_row[pieces.right]])
            for key in np.unique(keys[may_repeat], axis=0):
                kept.append(
                    remove_repeated_land(
                        pieces.select(np.flatnonzero(may_repeat & (keys == key).all(axis=1))),
                        projects.cancellation,
                    )
                )
            left, right, geometry, area, width = (
                np.concatenate([getattr(one, name) for one in kept])
                for name in ("left", "right", "geometry", "area", "width")
            )
            pieces = OverlayPieces(left, right, geometry, area, width, pieces.slivers, pieces.fallback_log)
        if groups is not None:
            shared = frozenset(pieces.left[is_overlapping[pieces.right]].tolist())
    return LayerOverlay(layer, projects, replace(pieces, right=rows[pieces.right]), failed, distance_from, shared)


def _find_overlapping_rows(
    layer: Layer, rows: NDArray, near: Polygons, used: NDArray, projects: ProjectShapes
) -> NDArray:
    """Return (k,) bool: which of the given rows share land with another one, among those that are used.

    ``near``: polygons of the rows; ``used``: positions of the rows that have land of projects, also repeated. If the
    overlaps within the layer are known, those of the rows are among them.
    """
    is_used = np.zeros(len(rows), dtype=bool)
    is_used[used] = True
    is_overlapping = np.zeros(len(rows), dtype=bool)
    known = layer.polygons.cached_overlaps
    if known is None or known[3].failed_pairs:
        is_overlapping[is_used] = find_overlapping_rows(
            near if is_used.all() else Polygons(near.shapes[is_used]), projects.tolerance, projects.cancellation
        )
        return is_overlapping
    is_row_used = np.zeros(len(layer), dtype=bool)
    is_row_used[rows[is_used]] = True
    first, second = known[:2]
    are_both_used = is_row_used[first] & is_row_used[second]
    is_overlapping[np.isin(rows, np.concatenate([first[are_both_used], second[are_both_used]]))] = True
    return is_overlapping


OWNERSHIP_FIELD = "QSXZ"
_SANDIAO = "sandiao"
_MAX_NAMES = 3


class LandClasses:
    """Sums the land of projects by class and ownership of the parcels."""

    def __init__(self, overlay: LayerOverlay, ctx: RuleContext):
        self.overlay = overlay
        layer, lists = overlay.layer, ctx.norm.standard.code_lists

        def name_codes(field: TemplateField | None) -> dict[str, str]:
            codes = lists.get(field.codes) if field is not None else None
            return {code: entry.name for code, entry in codes.entry_by_code.items()} if codes else {}

        self._names = name_codes(layer.template.find_field("land_use"))
        # Code → 农用地, 建设用地 or 未利用地, for codes of the survey and of 用地用海分类.
        entries = lists[_SANDIAO].entry_by_code.values() if _SANDIAO in lists else ()
        self._major = {
            code: entry.other_columns.get("major_class", "")
            for planned in (True, False)
            for entry in entries
            for code in [entry.other_columns.get("code_2023", "") if planned else entry.code]
        }
        self._codes = read_codes(layer, "land_use")
        self._given_names = layer.text("land_use_name")
        values = layer.get_texts_by_name(OWNERSHIP_FIELD)
        names = name_codes(layer.template.find_field_by_name(OWNERSHIP_FIELD))
        words = {}
        for value in set(values):
            name = names.get(value, value)
            words[value] = next((word for word in ("国有", "集体") if name.startswith(word)), name)
        self._ownership = [words[value] for value in values]
        self._is_cultivated = ctx.find_cultivated_rows(layer)
        self._net = layer.numbers("net_area")

    def sum_project(self, number: int) -> tuple[ClassItem, ...]:
        """Return the classes of a project by code and ownership."""
        pieces = self.overlay.get_pieces(number)
        keys = [(self._codes[row], self._ownership[row]) for row in pieces.rows.tolist()]
        items = []
        for key in sorted(set(keys)):
            group = pieces.select(np.array([one == key for one in keys], dtype=bool))
            first = int(group.rows[0])
            code, ownership = key
            items.append(
                ClassItem(
                    code,
                    self._names.get(code) or self._given_names[first] or code,
                    self._major.get(code, ""),
                    ownership,
                    group.total_m2,
                    group.sum_by(self._net),
                    bool(self._is_cultivated[first]),
                )
            )
        return tuple(items)


def sum_places(overlay: LayerOverlay, number: int, *, are_townships: bool) -> tuple[TownshipItem, ...]:
    """Return the land of a project by township, or by main function (主体功能) of townships, the largest first."""
    layer, pieces = overlay.layer, overlay.get_pieces(number)
    if are_townships:
        codes, names, other_names = layer.text("division_code"), layer.text("division_name"), layer.keys
    else:
        codes = names = layer.text("feature_kind")
        other_names = layer.get_texts_by_name("BZ")
    sums: defaultdict[tuple[str, str], float] = defaultdict(float)
    for row, area in zip(pieces.rows.tolist(), pieces.areas.tolist(), strict=True):
        sums[codes[row], names[row] or other_names[row]] += area
    return tuple(
        sorted([TownshipItem(code, name, area) for (code, name), area in sums.items()], key=lambda item: -item.area_m2)
    )


def list_supplements(project: Project, lines: Iterable[LineItem]) -> tuple[SupplementItem, ...]:
    """Return the net areas to supplement: 永久基本农田 (补划), 耕地 (占补平衡)."""
    documents = {"farmland": project.approval, "cultivated": ""}
    return tuple(
        SupplementItem(line.id, line.net_m2, line.area_m2, line.rule, documents[line.id], project.supplement_plan)
        for line in lines
        if line.id in documents and line.area_m2
    )


def make_heritage_notice(
    number: int,
    expected: LayerOverlay | None,
    ranges: Iterable[LayerOverlay],
    mark: str,
    tolerance: Tolerance,
) -> HeritageNotice | None:
    """Return the notice 先考古、后供地, whatever the mode of supply; None outside all ranges.

    ``expected``: the areas where relics may lie under ground, drawn by the province (文物保护法 art. 43 para. 1);
    ``ranges``: of the layers with ranges of heritage, for land outside these areas; ``mark``: of the source.
    """
    found = _find_heritage_land(number, [expected] if expected else [], tolerance)
    key = "archaeology" if found else "archaeology_range"
    found = found or _find_heritage_land(number, ranges, tolerance)
    if found is None:
        return None
    names, area = found
    params = {"area": Area(area), "names": NameList(names[:_MAX_NAMES])}
    return HeritageNotice(names, area, Message(SECTION, key if names else f"{key}_unnamed", params), mark)


def _find_heritage_land(
    number: int, overlays: Iterable[LayerOverlay], tolerance: Tolerance
) -> tuple[tuple[str, ...], float] | None:
    """Return names of sites and land (m²) of a project in layers; None without land."""
    names: list[str] = []
    area = 0.0
    for overlay in overlays:
        pieces = overlay.get_pieces(number)
        if not pieces.is_sliver(tolerance):
            layer_names = format_column(overlay.layer.frame["MC"]) if "MC" in overlay.layer.frame else []
            names += [layer_names[row] for row in pieces.rows.tolist() if layer_names and layer_names[row]]
            # Ranges of different layers are of the same sites: the largest counts.
            area = max(area, pieces.total_m2)
    return (tuple(dict.fromkeys(names)), area) if area else None
