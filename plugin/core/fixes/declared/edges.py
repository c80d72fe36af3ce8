# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixes of edges: common edges get the same vertices, and a line takes over the edges of another layer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...geometry.alignment import (
    ReferenceEdges,
    add_vertices_of,
    find_aligned_stretches,
    remove_vertices,
    replace_stretches,
)
from ...geometry.polygon_rings import change_rings, insert_vertices
from ...geometry.validity import extract_polygons
from ...model.findings import Finding
from ..edits import Edits, FixRefused, RowEdit, is_same_shape
from ..fix_declaration import FixExample, Safety, fix
from ..shapes import replace_shape, require_shape, snap_new_vertices
from ..state import EditingState, Row
from .control_lines import find_yielding_role

WEST_WKT = "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))"
#: Reaches half a metre into `WEST_WKT`.
OVERLAPPING_EAST_WKT = "POLYGON ((49.5 0, 100 0, 100 100, 49.5 100, 49.5 0))"
#: Rows of the reference within this many times the distance are read: corners reach farther than edges.
_REACH_FACTOR = 2.0


@fix(
    "FIX016",
    "align-to-edges",
    title="Align a line or an area with the edges of another layer",
    solves={"TOP008": ()},
    safety=Safety.NEVER,
    messages={
        "both": "Align {count} features of {role} with the edges of {other_role} within {distance} m, where they run along them",
        "gain": "Align {count} features of {role} with the edges of {other_role} within {distance} m, only where land is gained",
        "loss": "Align {count} features of {role} with the edges of {other_role} within {distance} m, only where land is given up",
    },
    examples=[
        FixExample("the line that yields takes over the edge", "TOP008", {"farmland": [WEST_WKT], "boundary": [OVERLAPPING_EAST_WKT]},
                   {"farmland": [WEST_WKT], "boundary": ["POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"]}),
        FixExample("a neighbour of its layer follows", "TOP008", {"farmland": [WEST_WKT], "boundary": [OVERLAPPING_EAST_WKT, "POLYGON ((0 100, 49.5 100, 100 100, 100 150, 0 150, 0 100))"]},
                   {"boundary": ["POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))", "POLYGON ((0 100, 50 100, 100 100, 100 150, 0 150, 0 100))"]}),
        FixExample("strips wider than the distance stay", "TOP008", {"farmland": [WEST_WKT], "boundary": [OVERLAPPING_EAST_WKT]}, parameters={"within_m": 0.3}, refused="nothing_to_align"),
        FixExample("both sides are sealed", "TOP008", {"farmland": [WEST_WKT], "red_line": [OVERLAPPING_EAST_WKT]}, refused="both_sealed"),
    ],
)  # fmt: skip
def align_to_edges(finding: Finding, *, state: EditingState, within_m: float = 0.5, part: str = "both") -> Edits:
    """Align a line or an area with the edges of another layer.

    What it does
        Stretches of an outline that run along an edge of the other layer, at most within_m away, take over that edge
        with its vertices. Edges that cross it stay. Adjacent features of the same layer follow, so that no gap and no
        overlap results. The choice can be limited to stretches that gain land, or to those that give up land. Area
        fields follow. Between two control lines the one of lower precedence moves; of a selected feature, the feature.
    When it is safe
        Never: which of two lines is right is for a person to decide.
    Limits
        Corners where two edges meet may move by 1.5 × within_m. Whether an edge should follow the survey depends on
        the approved documents; the survey may be of another year.
    """
    if finding.key or "fid" in finding.params:
        rows, reference_role = [state.get_finding_row(finding)], finding.related_role
    else:
        moving_role, reference_role = find_yielding_role(finding, state)
        place = state.get_finding_shape(finding)
        if place is None:
            raise FixRefused("stale")
        rows = state.find_rows_meeting(moving_role, place, reach_m=state.tolerance.edge_match_m)
    if not rows or reference_role not in state.plan.layers or reference_role == rows[0].role:
        raise FixRefused("stale")
    state.require_layer_in_plane(reference_role)
    alignment = _Alignment(state, reference_role, within_m, part, {row.fid: row for row in rows})
    for row in rows:
        alignment.align(row)
    if not alignment.shapes:
        raise FixRefused(
            "nothing_to_align", role=rows[0].role, key=rows[0].key, other_role=reference_role, distance=within_m
        )
    is_compared = any(
        reference_role in state.plan.list_roles_of_concept(concept)
        for concept in state.norm.get("quality.edges_compared")
    )
    return Edits(
        [replace_shape(state, alignment.rows[fid], shape) for fid, shape in alignment.shapes.items()],
        case=part,
        params={
            "role": rows[0].role, "other_role": reference_role, "count": len(alignment.shapes), "distance": within_m,
        },
        review_reasons=["other_survey"] if is_compared else [],
    )  # fmt: skip


@dataclass
class _Alignment:
    """Rows of a layer that take over edges of another layer one after the other.

    ``reference_role``: the other layer; ``within_m``, ``part``: parameters of the fix; ``rows``: feature id → row, both
    of rows to align and of neighbours that follow; ``shapes``: feature id → changed shape so far, in the plane (m).
    """

    state: EditingState
    reference_role: str
    within_m: float
    part: str
    rows: dict[int, Row]
    shapes: dict[int, Any] = field(default_factory=dict)

    def align(self, row: Row) -> None:
        """Align a row with the reference layer, and let its neighbours follow.

        Raise FixRefused if a shape vanishes, or cannot be divided into gain and loss.
        """
        self.state.require_geometry_in_plane(row)
        former_shape = self.shapes.get(row.fid, require_shape(row))
        reach_m = self.state.tolerance.edge_match_m
        references = self.state.find_rows_meeting(
            self.reference_role, former_shape, reach_m=_REACH_FACTOR * self.within_m
        )
        neighbours = [
            one
            for one in self.state.find_rows_meeting(row.role, former_shape, without=(row.fid,), reach_m=reach_m)
            if shapely.get_dimensions(one.plane_shape) == 2
        ]
        self.rows.update({one.fid: one for one in neighbours})
        shapes_before = {row.fid: former_shape} | {
            one.fid: self.shapes.get(one.fid, one.plane_shape) for one in neighbours
        }
        others = [shape for fid, shape in shapes_before.items() if fid != row.fid]
        noded = {row.fid: add_vertices_of(former_shape, others, reach_m)}
        stretches = find_aligned_stretches(
            noded[row.fid], ReferenceEdges(other.plane_shape for other in references), self.within_m
        )
        noded |= {one.fid: add_vertices_of(shapes_before[one.fid], [noded[row.fid]], reach_m) for one in neighbours}
        aligned = {fid: replace_stretches(one, stretches) for fid, one in noded.items()}
        for fid, one in aligned.items():
            if one is None:
                raise FixRefused("would_be_empty", role=row.role, key=self.rows[fid].key)
        if self.part != "both":
            aligned = _limit_to_gain_or_loss(row.fid, noded, aligned, is_gain=self.part == "gain")
        # Vertices go that were added because of neighbours, but that no stretch needs.
        needed = {xy for one in stretches for xy in (*one.moved, *chain.from_iterable(one.inserted))}
        for fid, one in aligned.items():
            if not is_same_shape(one, noded[fid]):
                self.shapes[fid] = remove_vertices(
                    one, (_list_vertices(noded[fid]) - _list_vertices(shapes_before[fid])) - needed
                )


def _limit_to_gain_or_loss(
    moving: int, noded: dict[int, Any], aligned: dict[int, Any], *, is_gain: bool
) -> dict[int, Any]:
    """Return feature id → shape after an alignment in which a row only gains land, or only loses it.

    ``moving``: feature id of that row; ``noded``, ``aligned``: feature id → shape before and after the whole alignment;
    ``is_gain``: whether the row gains land.
    """
    if shapely.get_dimensions(noded[moving]) < 2:
        return noded
    shape_before, shape_after = noded[moving], aligned[moving]
    gained_land, lost_land = (
        shapely.difference(shape_after, shape_before),
        shapely.difference(shape_before, shape_after),
    )
    # Crossings are computed once for each side of an edge: the moving shape has them first.
    parts = {
        moving: shapely.union(shape_before, shape_after) if is_gain else shapely.intersection(shape_before, shape_after)
    } | {
        fid: shapely.difference(one, gained_land)
        if is_gain
        else shapely.union(one, shapely.intersection(aligned[fid], lost_land))
        for fid, one in noded.items()
        if fid != moving
    }
    sources = [*noded.values(), *aligned.values()]
    kept_shapes: dict[int, Any] = {}
    for fid, part in parts.items():
        polygons = extract_polygons(part)
        if polygons is None:
            raise FixRefused("overlay_failed")
        kept_shapes[fid] = snap_new_vertices(polygons, [*sources, *kept_shapes.values()])
    changed_shapes = {
        fid: one for fid, one in kept_shapes.items() if shapely.symmetric_difference(one, noded[fid]).area > 0
    }
    return noded | {
        fid: add_vertices_of(one, [o for k, o in changed_shapes.items() if k != fid], 1e-6)
        for fid, one in changed_shapes.items()
    }


def _list_vertices(shape: Any) -> set[tuple[float, float]]:
    """Return the vertices of a shape, each once."""
    return set(map(tuple, shapely.get_coordinates(shape).tolist()))


EAST_WITH_VERTEX_WKT = "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 40, 50 0))"


@fix(
    "FIX014",
    "match-shared-edge",
    title="Give both features the same vertices on their common edge",
    solves={"TOP005": ("",)},
    safety=Safety.SLIVER,
    messages={"": "{added} vertices added, {removed} removed on the common edge of {role} {key} and {other_role} {other_key}"},
    examples=[
        FixExample("a vertex on one side only", "TOP005", {"zones": [WEST_WKT, EAST_WITH_VERTEX_WKT]},
                   {"zones": ["POLYGON ((0 0, 50 0, 50 40, 50 100, 0 100, 0 0))", EAST_WITH_VERTEX_WKT]}, safe=True),
        FixExample("edges five millimetres apart", "TOP005", {"zones": [WEST_WKT, "POLYGON ((50 0, 100 0, 100 100, 50 100, 50.005 40, 50 0))"]},
                   {"zones": ["POLYGON ((0 0, 50 0, 50.005 40, 50 100, 0 100, 0 0))", "POLYGON ((50 0, 100 0, 100 100, 50 100, 50.005 40, 50 0))"]}, safe=True),
        FixExample("the sealed side stays, the other takes over its vertex", "TOP005", {"red_line": [EAST_WITH_VERTEX_WKT], "boundary": [WEST_WKT]},
                   {"red_line": [EAST_WITH_VERTEX_WKT], "boundary": ["POLYGON ((0 0, 50 0, 50 40, 50 100, 0 100, 0 0))"]}, safe=True),
        FixExample("a vertex that the sealed side lacks is removed", "TOP005", {"red_line": [WEST_WKT], "boundary": [EAST_WITH_VERTEX_WKT]},
                   {"red_line": [WEST_WKT], "boundary": ["POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"]}, safe=True),
        FixExample("a corner on a sealed edge stays", "TOP005", {"red_line": [WEST_WKT], "boundary": ["POLYGON ((50 40, 100 0, 100 100, 50 40))"]}, refused="sealed"),
    ],
)  # fmt: skip
def match_shared_edge(finding: Finding, *, state: EditingState) -> Edits:
    """Give both features the same vertices on their common edge.

    What it does
        Where one feature has a vertex on the edge of the other, or within the tolerance for edges (0.01 m) beside it,
        the other gets a vertex at exactly the same place. Where the other is sealed, the vertex is removed, if the
        edge without it stays within that tolerance. Area fields follow.
    When it is safe
        If one layer changes and the land moved is below a limit for slivers.
    Limits
        A corner on a sealed edge stays: only a document allows a vertex there. Edges farther apart are gaps and
        overlaps (TOP001, TOP002, TOP004). A line against the survey is decided as a whole (TOP005 sums it up).
    """
    rows = [state.get_finding_row(finding), state.get_related_row(finding)]
    if all(state.is_sealed(row.role) for row in rows):
        if rows[0].role == rows[1].role:
            raise FixRefused("sealed", role=rows[0].role)
        raise FixRefused("both_sealed", role=rows[0].role, other_role=rows[1].role)
    places = shapely.get_coordinates(state.get_finding_shape(finding))
    shapes = [require_shape(row) for row in rows]
    reach_m = state.tolerance.edge_match_m
    # The plane has the coordinates as stored; a finding repeats them.
    distinct_places = dict.fromkeys(map(tuple, places.tolist()))
    first_vertices, second_vertices = map(_list_vertices, shapes)
    missing_places = [
        np.array([xy for xy in distinct_places if xy in missing], dtype=float).reshape(-1, 2)
        for missing in (second_vertices - first_vertices, first_vertices - second_vertices)
    ]
    edits: list[RowEdit] = []
    added_count = removed_count = 0
    for n, row in enumerate(rows):
        shape = shapes[n]
        if not state.is_sealed(row.role):
            if len(missing_places[n]):
                shape = _change_rings(shape, partial(insert_vertices, places=missing_places[n], reach_m=reach_m))
            added_count += shapely.get_num_coordinates(shape) - shapely.get_num_coordinates(shapes[n])
            if state.is_sealed(rows[1 - n].role):
                shape = _remove_vertices(shape, missing_places[1 - n], reach_m)
                if shape is None:
                    raise FixRefused("sealed", role=rows[1 - n].role)
                removed_count += len(missing_places[1 - n])
        if shape is not shapes[n]:
            edits.append(replace_shape(state, row, shape))
    if not edits:
        raise FixRefused("stale")
    return Edits(
        edits,
        params={
            "added": added_count,
            "removed": removed_count,
            "role": rows[0].role,
            "key": rows[0].key,
            "other_role": rows[1].role,
            "other_key": rows[1].key,
        },
    )


def _remove_vertices(shape: Any, places: NDArray, reach_m: float) -> Any:
    """Return a shape without the vertices at these places; None if an edge would move by more than ``reach_m``."""
    if not len(places):
        return shape
    removed_places = set(map(tuple, places.tolist()))
    moved_too_far = False

    def remove_from_ring(coordinates: NDArray) -> NDArray:
        """Return the vertices of a ring without those to remove; the ring itself if an edge would move too far."""
        nonlocal moved_too_far
        is_removed = np.array([xy in removed_places for xy in map(tuple, coordinates.tolist())])
        kept_vertices = coordinates[:-1][~is_removed[:-1]]
        if len(kept_vertices) < 3:
            moved_too_far = True
            return coordinates
        ring = np.concatenate([kept_vertices, kept_vertices[:1]])
        removed_vertices = coordinates[is_removed]
        if len(removed_vertices):
            moved_too_far |= bool(
                (shapely.distance(shapely.linestrings(ring), shapely.points(removed_vertices)) > reach_m).any()
            )
        return ring

    reduced = _change_rings(shape, remove_from_ring)
    return None if moved_too_far else reduced


def _change_rings(shape: Any, change_ring: Callable[[NDArray], NDArray]) -> Any:
    """Return a shape with changed rings; raise FixRefused if it is invalid."""
    changed_shape = change_rings(shape, change_ring)
    if not changed_shape.is_valid:
        raise FixRefused("overlay_failed")
    return changed_shape
