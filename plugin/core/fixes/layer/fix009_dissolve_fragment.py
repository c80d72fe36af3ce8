# SPDX-License-Identifier: GPL-2.0-or-later
from ...model.findings import Finding
from ..dividing import require_shape, reshape_row
from ..edits import Edits, FixRefused, RowEdit
from ..fix_declaration import FixExample, Safety, fix
from ..shapes import join_shapes, measure_shared_edge
from ..state import EditingState, Row

BLOCK_WKT = "POLYGON ((0 0, 100 0, 100 90, 0 90, 0 0))"
#: Fields with the use of the land, by meaning.
USE_MEANINGS = ("land_use", "zone_code", "feature_kind")


@fix(
    "FIX009",
    "dissolve-fragment",
    title="Dissolve a fragment into the neighbour with the longest common edge",
    solves={"GEO007": ()},
    safety=Safety.NEVER,
    messages={"": "Add {key} to {other_key}, with which it has {length} m of edge in common, and delete it"},
    examples=[
        FixExample("the longest common edge", "GEO007", {"layer": [BLOCK_WKT, "POLYGON ((0 90, 20 90, 20 95, 0 95, 0 90))", "POLYGON ((20 90, 100 90, 100 100, 20 100, 20 95, 20 90))"]},
                   {"layer": ["POLYGON ((0 0, 100 0, 100 90, 20 90, 20 95, 0 95, 0 90, 0 0))", "POLYGON ((20 90, 100 90, 100 100, 20 100, 20 95, 20 90))"]}, settings={"quality.min_area_m2.CZKFBJ": 200.0}),
        FixExample("a neighbour of the same use comes first", "GEO007",
                   {"zones": [{"wkt": BLOCK_WKT, "zone_code": "410"}, {"wkt": "POLYGON ((0 90, 20 90, 20 95, 0 95, 0 90))", "zone_code": "300"}, {"wkt": "POLYGON ((20 90, 100 90, 100 100, 20 100, 20 95, 20 90))", "zone_code": "300"}]},
                   {"zones": [{"wkt": BLOCK_WKT, "zone_code": "410"}, {"wkt": "POLYGON ((0 90, 20 90, 100 90, 100 100, 20 100, 20 95, 0 95, 0 90))", "zone_code": "300"}]}, settings={"quality.min_area_m2.YDYHGHFQ": 200.0}),
        FixExample("no neighbour", "GEO007", {"layer": ["POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0))"]}, refused="no_neighbour", settings={"quality.min_area_m2.CZKFBJ": 200.0}),
    ],
)  # fmt: skip
def dissolve_fragment(finding: Finding, *, state: EditingState) -> Edits:
    """Dissolve a fragment into the neighbour with the longest common edge.

    What it does
        Adds a feature below the minimum area to the adjacent feature of its layer that has the longest edge in common
        with it, first among those of the same use, and deletes its row. Area fields follow.
    When it is safe
        Never, because a feature is deleted.
    Limits
        A fragment without an adjacent feature is refused. Its other attributes are lost.
    """
    if state.is_sealed(finding.role):
        raise FixRefused("sealed", role=finding.role)
    row = state.get_finding_row(finding)
    shape = require_shape(row)
    rows = state.find_rows_meeting(row.role, shape, without=(row.fid,), reach_m=state.tolerance.cluster_m)
    lengths = {one.fid: measure_shared_edge(shape, one.plane_shape, state.tolerance.cluster_m) for one in rows}
    adjacent = [one for one in rows if lengths[one.fid] > state.tolerance.edge_match_m]
    if not adjacent:
        raise FixRefused("no_neighbour", role=row.role)
    target = max(adjacent, key=lambda one: (_get_use(one) == _get_use(row), lengths[one.fid]))
    edits = reshape_row(state, target, join_shapes(target.plane_shape, shape, state.tolerance))
    return Edits(
        [*edits, RowEdit(row.role, row.fid, is_deleted=True)],
        params={"key": row.key, "other_key": target.key, "length": round(lengths[target.fid], 2)},
        keeps_union=True,
    )


def _get_use(row: Row) -> tuple[str, ...]:
    """Return the land use of a row: the values of all its fields with a meaning of `USE_MEANINGS`."""
    return tuple(row.get_text(meaning) for meaning in USE_MEANINGS)
