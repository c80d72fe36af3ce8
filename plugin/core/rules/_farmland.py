# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions shared by rules on farmland, control lines and planning zones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.context import RuleContext, trim_code_padding
from ..model.findings import Finding
from ..plan.layer import Layer
from ._attributes import format_code_with_name
from ._places import give_findings_to_layer

#: Value for such classes in the survey's code list.
CONSTRUCTION_LAND_CLASS = "建设用地"


def find_construction_land_rows(ctx: RuleContext, layer: Layer) -> NDArray:
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
    uncovered_pieces = ctx.geometry.find_uncovered_pieces(zones, line, rows=zone_rows)
    findings = ctx.finding_maker.make_pair_findings(
        zones, line, uncovered_pieces, case="zone_outside_line", params={"direction": "zone_outside_line"}
    )
    uncovered_pieces = ctx.geometry.find_uncovered_pieces(line, zones, cover_rows=zone_rows)
    findings_on_line = ctx.finding_maker.make_pair_findings(
        line, zones, uncovered_pieces, case="line_outside_zone", params={"direction": "line_outside_zone"}
    )
    # The findings belong to the zones, the first concept of the rule.
    give_findings_to_layer(findings_on_line, zones)
    record_features_at_findings(findings, line, ctx)
    record_features_at_findings(findings_on_line, zones, ctx)
    return ctx.finding_maker.mark_findings_by_location(findings + findings_on_line)


#: Largest number of features that a message names at the place of a finding.
_MAX_FEATURES_THERE = 3


def record_features_at_findings(findings: list[Finding], layer: Layer, ctx: RuleContext) -> None:
    """Record which features of a layer are at the place of each finding, for its message.

    Such a finding is on land where the layer lacks a feature of one kind, so it has the key of one side only. The
    message names the features on that land, the largest share first, else those next to it. Only the words of the
    message contain them (``shown``): they have no part in fingerprints and waivers.
    """
    if not findings:
        return
    rows_on, rows_next = ctx.geometry.find_rows_at_shapes(layer, [finding.geometry for finding in findings])
    for finding, on, adjacent in zip(findings, rows_on, rows_next, strict=True):
        rows = on or adjacent
        finding.params["shown"] = {
            **finding.params.get("shown", {}),
            "there": {
                "role": layer.role,
                "place": "on" if on else "next" if adjacent else "none",
                "features": [_describe_feature(layer, row, ctx) for row in rows[:_MAX_FEATURES_THERE]],
                "count": len(rows),
            },
        }


def _describe_feature(layer: Layer, row: int, ctx: RuleContext) -> dict[str, Any]:
    """Return key, feature id (if the key is repeated), and the zone's code with its name."""
    feature_description: dict[str, Any] = {"key": layer.keys[row]}
    if row in layer.repeated_keys:
        feature_description["fid"] = layer.fids[row]
    if layer.has_field("zone_code"):
        feature_description["label"] = format_code_with_name(layer, "zone_code", layer.text("zone_code")[row], ctx)
    return feature_description


def find_limit_origin(setting: str, limit: float, ctx: RuleContext) -> str:
    """Return what set a limit of a rule: the county's ``profile``, this ``run``, or the ``default``."""
    if ctx.norm.has_setting(setting) and float(ctx.norm.get(setting)) != limit:
        return "run"
    return "profile" if setting in ctx.norm.profile.settings else "default"
