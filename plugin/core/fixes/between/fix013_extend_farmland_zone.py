# SPDX-License-Identifier: GPL-2.0-or-later
from ...model.findings import Finding
from ..dividing import require_shape
from ..edits import Edits
from ..fix_declaration import FixExample, Safety, fix
from ..state import EditingState
from ..zones import ZONE_SETTING_BY_LINE, move_land_into_zone, require_planning_zone_layer

FIELD_WKT = "POLYGON ((40 0, 60 0, 60 100, 40 100, 40 0))"


@fix(
    "FIX013",
    "extend-farmland-zone",
    title="Extend the farmland protection zone under permanent basic farmland",
    solves={"REL006": ("urban", "large")},
    safety=Safety.NEVER,
    messages={"": "Add {area} of {count} zone(s) to the farmland protection zone {key}"},
    examples=[
        FixExample("farmland in the urban zone", "REL006",
                   {"farmland": [FIELD_WKT], "zones": [{"wkt": "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "zone_code": "300"}, {"wkt": "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))", "zone_code": "410"}]},
                   {"zones": [{"wkt": "POLYGON ((0 0, 60 0, 60 100, 0 100, 0 0))", "zone_code": "300"}, {"wkt": "POLYGON ((60 0, 100 0, 100 100, 60 100, 60 0))", "zone_code": "410"}]}),
        FixExample("no farmland zone is next to it", "REL006",
                   {"farmland": ["POLYGON ((70 10, 80 10, 80 20, 70 20, 70 10))"], "zones": [{"wkt": "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "zone_code": "300"}, {"wkt": "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))", "zone_code": "410"}]},
                   {"zones": [{"wkt": "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "zone_code": "300"}, {"wkt": "POLYGON ((70 10, 80 10, 80 20, 70 20, 70 10))", "zone_code": "300"},
                              {"wkt": "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0), (70 10, 80 10, 80 20, 70 20, 70 10))", "zone_code": "410"}]}),
    ],
)  # fmt: skip
def extend_farmland_zone(finding: Finding, *, state: EditingState) -> Edits:
    """Extend the farmland protection zone under permanent basic farmland.

    What it does
        Cuts the farmland out of the other zones, and adds it to the 农田保护区 that has the longest edge in common
        with it; where none is adjacent, the land becomes a new row of that zone. The zones go on covering the county.
    When it is safe
        Never, because the purpose of land changes.
    Limits
        The farmland itself stays. Whether the land should leave 永久基本农田 instead is for the authority to decide.
    """
    require_planning_zone_layer(state)
    land = require_shape(state.get_finding_row(finding))
    if finding.case == "large":
        # One of several parts outside the zone.
        land = state.get_finding_shape(finding)
    return move_land_into_zone(state, land, ZONE_SETTING_BY_LINE["farmland"])
