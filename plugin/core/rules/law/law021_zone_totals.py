# SPDX-License-Identifier: GPL-2.0-or-later
from typing import Any

import numpy as np

from ...engine.context import RuleContext
from ...figures.indicators.area_backing import (
    AREA_FIELDS_SETTING,
    ROW_ALLOWANCE_SETTING,
    SUM_ALLOWANCE_SETTING,
    is_sum_confirmed_by_geometry,
    read_area_field_m2,
)
from ...figures.indicators.survey_deductions import DEDUCTION_ALLOWANCE_SETTING
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.texts import Texts, format_number
from ...standard.template import Template

COUNTY_ROW = {"wkt": "POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0))", "area": 1_000_000.0}
WEST_ZONE = {"wkt": "POLYGON ((0 0, 500 0, 500 1000, 0 1000, 0 0))", "area": 500_000.0}
EAST_ZONE = {"wkt": "POLYGON ((500 0, 1000 0, 1000 1000, 500 1000, 500 0))", "area": 500_000.0}
SEA_ZONE = {"wkt": "POLYGON ((1000 0, 2000 0, 2000 1000, 1000 1000, 1000 0))", "area": 1_000_000.0, "zone_code": "610"}


def _describe_county_area(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the clauses on the county's area: the field or drawn shape that gives it, and the allowed difference."""
    shown = finding.params.get("shown", {})
    field = shown.get("county_field")
    return {
        "county_basis": texts.get("words", "area_of_field", field=field) if field else texts.get("words", "area_drawn"),
        "allowed": texts.get("words", "allowed_difference", limit=shown["limit"]) if "limit" in shown else "",
    }


@rule(
    "LAW021",
    "zone-totals",
    problem="Planning zones sum to another area than the county",
    severity=Severity.WARNING,
    basis=["plan-review"],
    needs={"zones": LayerNeed("zones", fields=("area",)), "county": LayerNeed("county", reads=("area",))},
    uses=[SUM_ALLOWANCE_SETTING, ROW_ALLOWANCE_SETTING, DEDUCTION_ALLOWANCE_SETTING],
    clauses=_describe_county_area,
    messages={
        "": "The values of {field} of {layer} sum to {total} m², the {county_basis} of {related_layer} is {county} m²: "
        "difference {difference} m²{allowed}. First remove overlaps (TOP001) and gaps (TOP002) of the zones, then "
        "compute {field} again from the shapes. If the difference is still too large, check the county's area, then "
        "adjust the zones to it as the control area."
    },
    fails=[
        RuleExample("a zone with another's area", {"zones": [WEST_ZONE, {**EAST_ZONE, "area": 400_000.0}], "county": [COUNTY_ROW]}, finds=1),
        RuleExample("counted twice", {"zones": [WEST_ZONE, EAST_ZONE, WEST_ZONE], "county": [COUNTY_ROW]}, finds=1),
    ],
    passes=[
        RuleExample("adds up", {"zones": [WEST_ZONE, EAST_ZONE], "county": [COUNTY_ROW]}),
        RuleExample("a zone at sea does not count", {"zones": [*({**zone, "zone_code": "300"} for zone in (WEST_ZONE, EAST_ZONE)), SEA_ZONE], "county": [COUNTY_ROW]}),
        RuleExample("half a hectare apart", {"zones": [WEST_ZONE, {**EAST_ZONE, "area": 495_000.0}], "county": [COUNTY_ROW]}),
        RuleExample("the county without a figure is measured", {"zones": [WEST_ZONE, EAST_ZONE], "county": [{**COUNTY_ROW, "area": None}]},
                parameters={"allowance_m2": 2000.0}),
    ],
)  # fmt: skip
def zone_totals(zones: Layer, county: Layer, *, ctx: RuleContext, allowance_m2: float = 10_000.0) -> RuleResult:
    """Zone areas sum to the county's area.

    What it checks
        The sum of the zones' area field (MJ), compared with that of the county; if the county has none, with its
        statutory area.
    Why
        The plan's table of zones is this sum: it must equal the county's area in text, table and map (within 1 ha).
    How to fix
        Close overlaps (TOP001) and gaps (TOP002) of zones, then compute the area field again from the shapes. If the
        difference remains, check the county's area and adjust the zones to it.
    Limits
        Compares the figures, not the shapes: two errors that cancel out are not found. Zones of sea classes (setting
        sea) do not count; a notice names them. Does not run by default: select the rule or its group quotas.
    """
    areas = read_area_field_m2(zones, "area")[ctx.find_land_rows(zones)]
    if np.isnan(areas).any():
        params = {"layer": zones.name, "count": int(np.isnan(areas).sum()), "field": zones.get_field_name("area")}
        return RuleResult(not_checked=[("area_missing", params)])
    county_areas = read_area_field_m2(county, "area")
    # Sums with the same error agree too.
    doubts = (
        []
        if is_sum_confirmed_by_geometry(zones, "area", ctx) and is_sum_confirmed_by_geometry(county, "area", ctx)
        else [AREA_FIELDS_SETTING]
    )
    county_area = float(np.where(np.isnan(county_areas), county.statutory, county_areas).sum())
    total = float(areas.sum())
    if abs(total - county_area) <= allowance_m2:
        return RuleResult(doubts=doubts)
    county_field = "" if np.isnan(county_areas).any() else county.get_field_name("area")
    figures: dict[str, Any] = {
        "total": round(total, 2),
        "county": round(county_area, 2),
        "difference": round(total - county_area, 2),
        "shown": {"county_field": county_field, "limit": format_number(allowance_m2, 2)},
    }
    finding = Finding(zones.role, related_role=county.role, field=zones.get_field_name("area"), params=figures)
    return RuleResult([finding], doubts=doubts)
