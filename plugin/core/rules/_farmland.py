# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions shared by rules on farmland, control lines and planning zones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..engine.context import Context, trim_padding
from ..model.findings import Finding
from ..plan.layer import Layer

#: Value for such classes in the survey's code list.
CONSTRUCTION = "建设用地"


def is_construction_land(ctx: Context, layer: Layer) -> NDArray:
    """Return (n,) bool: rows whose land use is construction land.

    The code list gives the major class; without major classes the setting ``farmland.construction_classes`` applies.
    """
    declared = layer.template.field("land_use")
    if declared is None or not declared.codes:
        return np.zeros(len(layer), dtype=bool)
    codes = ctx.codes(declared.codes)
    built = {c.code for c in codes.codes.values() if c.extra.get("major_class") == CONSTRUCTION}
    if not any(c.extra.get("major_class") for c in codes.codes.values()):
        built = codes.members(ctx.norm.get("farmland.construction_classes"))
    return np.array([trim_padding(value, declared.code_pad) in built for value in layer.text("land_use")], dtype=bool)


def compare_zones_with_line(zones: Layer, chosen: NDArray, line: Layer, ctx: Context) -> list[Finding]:
    """Return a finding for each connected part where zones and a control line differ.

    Both should cover the same land. ``chosen``: (n,) bool, the zone rows to compare. Cases: ``zone_outside_line`` (on
    the zone row) and ``line_outside_zone`` (related key: the line's row).
    """
    beyond = ctx.geometry.uncovered(zones, line, rows=chosen)
    found = ctx.make.pairs(zones, line, beyond, case="zone_outside_line", params={"direction": "zone_outside_line"})
    beyond = ctx.geometry.uncovered(line, zones, cover_rows=chosen)
    for finding in ctx.make.pairs(
        line, zones, beyond, case="line_outside_zone", params={"direction": "line_outside_zone"}
    ):
        # The finding belongs to the zones, the first concept of the rule.
        if "fid" in finding.params:
            finding.params["related_fid"] = finding.params.pop("fid")
        finding.related_role, finding.related_keys = line.role, [finding.key]
        finding.role, finding.key = zones.role, ""
        found.append(finding)
    return ctx.make.by_place(found)
