# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...geometry.polygon_rings import change_rings, insert_vertices
from ...model.findings import Finding
from ..dividing import replace_shape, require_shape
from ..edits import Edits, FixRefused, RowEdit
from ..fix_declaration import FixExample, Safety, fix
from ..state import EditingState

WEST_WKT = "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))"
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
    missing_places = [_find_places_without_vertex(shapes[n], shapes[1 - n], places) for n in (0, 1)]
    edits: list[RowEdit] = []
    added_count = removed_count = 0
    for n, row in enumerate(rows):
        shape = shapes[n]
        if not state.is_sealed(row.role):
            shape = _insert_vertices(shape, missing_places[n], reach_m)
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
    params = {
        "added": added_count, "removed": removed_count, "role": rows[0].role, "key": rows[0].key,
        "other_role": rows[1].role, "other_key": rows[1].key,
    }  # fmt: skip
    return Edits(edits, params=params)


def _find_places_without_vertex(shape: Any, other: Any, places: NDArray) -> NDArray:
    """Return those of (k, 2) places at which ``other`` has a vertex and ``shape`` has none."""
    vertices, others = ({tuple(xy) for xy in shapely.get_coordinates(one).tolist()} for one in (shape, other))
    # The plane has the coordinates as stored; a finding repeats them.
    missing_places = [xy for xy in dict.fromkeys(map(tuple, places.tolist())) if xy in others and xy not in vertices]
    return np.array(missing_places, dtype=float).reshape(-1, 2)


def _insert_vertices(shape: Any, places: NDArray, reach_m: float) -> Any:
    """Return a shape with a vertex at each place, inserted in the nearest segment within ``reach_m``."""
    if not len(places):
        return shape
    return _change_rings(shape, lambda xy: insert_vertices(xy, places, reach_m))


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
