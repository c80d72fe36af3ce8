# SPDX-License-Identifier: GPL-2.0-or-later
"""What the rules between lines and zones share."""

from numpy.typing import NDArray

from ..engine.context import Context
from ..model.findings import Finding
from ..plan.layer import Layer


def disagreement(zones: Layer, chosen: NDArray, line: Layer, ctx: Context) -> list[Finding]:
    """Where zones and a line that should be one and the same differ, both ways, one finding a connected part.

    ``chosen``: (n,) bool, the zone rows meant. Cases ``zone_outside_line`` (on the zone row) and
    ``line_outside_zone`` (related key = the line's row).
    """
    beyond = ctx.geometry.uncovered(zones, line, rows=chosen)
    found = ctx.make.pairs(zones, line, beyond, case="zone_outside_line", params={"direction": "zone_outside_line"})
    beyond = ctx.geometry.uncovered(line, zones, cover_rows=chosen)
    for finding in ctx.make.pairs(
        line, zones, beyond, case="line_outside_zone", params={"direction": "line_outside_zone"}
    ):
        # The finding belongs to the zones, the first concept in the rule's name.
        if "fid" in finding.params:
            finding.params["related_fid"] = finding.params.pop("fid")
        finding.related_role, finding.related_keys = line.role, [finding.key]
        finding.role, finding.key = zones.role, ""
        found.append(finding)
    return ctx.make.by_place(found)
