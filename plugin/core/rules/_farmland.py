# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions shared by rules on farmland, control lines and planning zones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..engine.context import RuleContext, trim_code_padding
from ..model.findings import Finding
from ..plan.layer import Layer

#: Value for such classes in the survey's code list.
CONSTRUCTION_LAND_CLASS = "建设用地"


def is_construction_land(ctx: RuleContext, layer: Layer) -> NDArray:
    """Return (n,) bool: rows whose land use is construction land (建设用地).

    The code list gives the major class of each code. For a list without major classes the setting
    ``farmland.construction_classes`` applies. All are False for a layer without land-use codes.
    """
    land_use_field = layer.template.find_field("land_use")
    if land_use_field is None or not land_use_field.codes:
        return np.zeros(len(layer), dtype=bool)
    codes = ctx.get_code_list(land_use_field.codes)
    construction_codes = {
        c.code for c in codes.entry_by_code.values() if c.other_columns.get("major_class") == CONSTRUCTION_LAND_CLASS
    }
    if not any(c.other_columns.get("major_class") for c in codes.entry_by_code.values()):
        construction_codes = codes.collect_members(ctx.norm.get("farmland.construction_classes"))
    return np.array(
        [trim_code_padding(value, land_use_field.code_pad) in construction_codes for value in layer.text("land_use")],
        dtype=bool,
    )


def compare_zones_with_line(zones: Layer, zone_rows: NDArray, line: Layer, ctx: RuleContext) -> list[Finding]:
    """Return a finding for each connected part where zones and a control line differ.

    Both should cover the same land. A part of the zones outside the line has the case ``zone_outside_line`` and the
    zone's row. A part of the line outside the zones has the case ``line_outside_zone``; its related key is that of
    the line's row.

    Parameters
    ----------
    zone_rows
        (n,) bool: the rows of ``zones`` that are compared.
    """
    uncovered_parts = ctx.geometry.find_uncovered(zones, line, rows=zone_rows)
    findings = ctx.finding_maker.make_pair_findings(
        zones, line, uncovered_parts, case="zone_outside_line", params={"direction": "zone_outside_line"}
    )
    uncovered_parts = ctx.geometry.find_uncovered(line, zones, cover_rows=zone_rows)
    for finding in ctx.finding_maker.make_pair_findings(
        line, zones, uncovered_parts, case="line_outside_zone", params={"direction": "line_outside_zone"}
    ):
        # The finding belongs to the zones, the first concept of the rule.
        if "fid" in finding.params:
            finding.params["related_fid"] = finding.params.pop("fid")
        finding.related_role, finding.related_keys = line.role, [finding.key]
        finding.role, finding.key = zones.role, ""
        findings.append(finding)
    return ctx.finding_maker.mark_findings_by_location(findings)
