# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import shapely

from ...geometry.alignment import (
    AlignedStretch,
    ReferenceEdges,
    add_vertices_of,
    find_aligned_stretches,
    remove_vertices,
    replace_stretches,
)
from ...geometry.validity import extract_polygons
from ...model.findings import Finding
from ..dividing import replace_shape, require_shape
from ..edits import Edits, FixRefused, is_same_shape
from ..fix_declaration import FixExample, Safety, fix
from ..precedence import find_yielding_role
from ..shapes import snap_new_vertices
from ..state import EditingState, Row

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
    compared = state.norm.get("quality.edges_compared")
    is_compared = any(reference_role in state.plan.list_roles_of_concept(concept) for concept in compared)
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
        for fid, one in aligned.items():
            if not is_same_shape(one, noded[fid]):
                self.shapes[fid] = remove_vertices(
                    one, _list_unused_vertices(noded[fid], shapes_before[fid], stretches)
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
    parts = {
        moving: shapely.union(shape_before, shape_after) if is_gain else shapely.intersection(shape_before, shape_after)
    }
    for fid, one in noded.items():
        if fid != moving:
            taken_land = shapely.intersection(aligned[fid], lost_land)
            parts[fid] = shapely.difference(one, gained_land) if is_gain else shapely.union(one, taken_land)
    sources = [*noded.values(), *aligned.values()]
    kept_shapes: dict[int, Any] = {}
    for fid in (moving, *(other for other in parts if other != moving)):
        polygons = extract_polygons(parts[fid])
        if polygons is None:
            raise FixRefused("overlay_failed")
        # Crossings are computed once for each side of an edge: the moving shape has them first.
        kept_shapes[fid] = snap_new_vertices(polygons, [*sources, *kept_shapes.values()])
    changed_shapes = {
        fid: one for fid, one in kept_shapes.items() if shapely.symmetric_difference(one, noded[fid]).area > 0
    }
    nodes = {
        fid: add_vertices_of(one, [o for k, o in changed_shapes.items() if k != fid], 1e-6)
        for fid, one in changed_shapes.items()
    }
    return noded | nodes


def _list_unused_vertices(
    noded: Any, shape_before: Any, stretches: Iterable[AlignedStretch]
) -> set[tuple[float, float]]:
    """Return the vertices that were added because of neighbours, but that no stretch needs."""
    added_vertices = _list_vertices(noded) - _list_vertices(shape_before)
    for one in stretches:
        added_vertices -= one.moved.keys()
        for pair in one.inserted:
            added_vertices -= set(pair)
    return added_vertices


def _list_vertices(shape: Any) -> set[tuple[float, float]]:
    """Return the vertices of a shape, each once."""
    return set(map(tuple, shapely.get_coordinates(shape).tolist()))
