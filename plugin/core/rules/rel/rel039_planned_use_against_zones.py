# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.context import RuleContext, trim_code_padding
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.codes import CodeList
from .._places import find_usable_layer_or_note_reason

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
WEST_THIRD_WKT = "POLYGON ((0 0, 30 0, 30 100, 0 100, 0 0))"
EAST_REST_WKT = "POLYGON ((30 0, 100 0, 100 100, 30 100, 30 0))"
HOUSING = {"wkt": SQUARE_WKT, "land_use": "070100"}


def _make_zone(code: str) -> list[dict[str, str]]:
    return [{"wkt": SQUARE_WKT, "zone_code": code}]


@rule(
    "REL039",
    "planned-use-against-zones",
    problem="Planned land use contradicts its zone or city line",
    severity=Severity.WARNING,
    basis=["zone-functions", "city-lines-use"],
    needs={
        "planned_use": LayerNeed("planned_use", fields=("land_use",)),
        "centre_zones": LayerNeed("centre_zones", reads=("zone_code",), optional=True),
    },
    uses=[
        "tolerance", "codes.planning_zones",
        "zones.neutral_classes",
        "zones.zone_classes", "zones.line_classes", "zones.min_zone_share", "zones.min_line_share",
    ],
    messages={
        "zone": "{layer} ({key}) is the zone {zone}, but only {percent} % of the planned land use in it ({related_layer}, "
        "without {neutral}) is {expected}; at least {limit} % is usual. Most of it is {value}. If the zone is as approved, correct the planned land use, else the "
        "zone; if it must stay, waive the finding and give the reason.",
        "line": "Only {percent} % of the planned land use in {layer} ({key}) is {expected} ({related_layer}); at least {limit} % "
        "is usual. Most of it is {value}. If the line is as approved, correct the planned land use, else the line; if it must "
        "stay, waive the finding and give the reason.",
    },
    fails=[
        RuleExample("housing in an industrial zone", {"planned_use": [HOUSING], "centre_zones": _make_zone("414")}, finds=1),
        RuleExample("a field's zone is built on", {"planned_use": [HOUSING], "centre_zones": _make_zone("300")}, finds=1),
        RuleExample("housing in the park", {"planned_use": [HOUSING], "ZXCQCSLVX": [SQUARE_WKT]}, finds=1),
        RuleExample("a third of the shops, the rest flats", {"planned_use": [{**HOUSING, "wkt": EAST_REST_WKT}, {"wkt": WEST_THIRD_WKT, "land_use": "090100"}],
                "centre_zones": _make_zone("413")}, finds=1),
    ],
    passes=[
        RuleExample("housing with a school", {"planned_use": [{**HOUSING, "wkt": EAST_REST_WKT}, {"wkt": WEST_THIRD_WKT, "land_use": "080400"}],
                "centre_zones": _make_zone("411")}),
        RuleExample("streets are everywhere", {"planned_use": [{"wkt": SQUARE_WKT, "land_use": "120700"}], "centre_zones": _make_zone("414")}),
        RuleExample("a park is green", {"planned_use": [{"wkt": SQUARE_WKT, "land_use": "140100"}], "ZXCQCSLVX": [SQUARE_WKT]}),
        RuleExample("a reserve for later", {"planned_use": [HOUSING], "centre_zones": _make_zone("418")}),
    ],
)  # fmt: skip
def planned_use_against_zones(planned_use: Layer, centre_zones: Layer | None, *, ctx: RuleContext) -> RuleResult:
    """The planned land use agrees with the zones and lines of the central urban area.

    What it checks
        Every zone of 中心城区规划分区: of the planned land use (规划用地用海) in it, without streets, utilities and
        open space, at least `zones.min_zone_share` is of the classes of that zone. Every green, blue and yellow
        line (城市绿线, 蓝线, 黄线): at least `zones.min_line_share` of the planned land use in it is of the
        classes of that line.
    Why
        Zones and land use are drawn by different hands; a detailed plan follows both, and cannot if they contradict.
    How to fix
        Determine which is right by the approved plan's map, and correct the other: code of zone or land use, or the
        outline of the line.
    Limits
        The classes of zones and lines (`zones.zone_classes`, `zones.line_classes`) and the shares are
        settings of mark C. Zones without a line there, such as 战略预留区, are not compared. REL038 reports planned
        building on permanent basic farmland, REL011 zones of two layers. Runs for a whole county, by name or with the
        group centre.
    """
    result = RuleResult(is_applicable=False)
    neutral = [str(code) for code in ctx.norm.get("zones.neutral_classes")]
    if centre_zones is not None and centre_zones.has_values("zone_code"):
        result.is_applicable = True
        limit = float(ctx.norm.get("zones.min_zone_share"))
        for zone, classes in _read_classes_by_zone(ctx, "zones.zone_classes"):
            rows = ctx.find_rows_with_code(centre_zones, "zone_code", [zone])
            left_out = [code for code in neutral if code not in classes]
            for finding in _find_other_uses(centre_zones, rows, planned_use, classes, left_out, limit, ctx):
                finding.case, finding.field = "zone", centre_zones.get_field_name("zone_code")
                zone_codes = ctx.get_code_list("planning_zones").entry_by_code
                finding.params["zone"] = zone_codes[zone].name if zone in zone_codes else zone
                finding.params["neutral"] = _name_classes(left_out, _get_land_use_codes(planned_use, ctx))
                result.findings.append(finding)
    limit = float(ctx.norm.get("zones.min_line_share"))
    for concept, classes in _read_classes_by_zone(ctx, "zones.line_classes"):
        line = find_usable_layer_or_note_reason(concept, ctx, result)
        if line is None or line.template.geometry != "polygon":
            continue
        result.is_applicable = True
        rows = np.ones(len(line), dtype=bool)
        for finding in _find_other_uses(line, rows, planned_use, classes, [], limit, ctx):
            finding.case = "line"
            result.findings.append(finding)
    return result


def _read_classes_by_zone(ctx: RuleContext, setting: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the zone or line of each line of a setting, and its classes of land use."""
    for line in ctx.norm.get(setting):
        name, *classes = line.split()
        yield name, classes


def _find_other_uses(
    layer: Layer,
    rows: NDArray,
    planned_use: Layer,
    classes: list[str],
    left_out: list[str],
    limit: float,
    ctx: RuleContext,
) -> list[Finding]:
    """Return a finding for each row with less than ``limit`` of its planned land use in some classes.

    ``rows``: (n,) bool, the compared rows of the layer; ``left_out``: classes of land use that do not count.
    """
    if not rows.any():
        return []
    counts = ~ctx.find_rows_with_code(planned_use, "land_use", left_out)
    parts = ctx.geometry.find_shared_parts(layer, planned_use, rows_a=rows, rows_b=counts, measured=True)
    is_expected = ctx.find_rows_with_code(planned_use, "land_use", classes)[parts.right]
    whole = np.bincount(parts.left, parts.area, minlength=len(layer))
    expected = np.bincount(parts.left, parts.area * is_expected, minlength=len(layer))
    codes, uses = _get_land_use_codes(planned_use, ctx), np.array(planned_use.text("land_use"), dtype=object)
    findings = []
    for row in np.flatnonzero((whole > 0) & (expected < limit * whole)).tolist():
        is_in_row = (parts.left == row) & ~is_expected
        if not is_in_row.any():
            continue
        largest = parts.right[np.flatnonzero(is_in_row)[np.argmax(parts.area[is_in_row])]]
        params: dict[str, Any] = {
            "percent": round(100 * float(expected[row] / whole[row]), 2),
            "limit": round(100 * limit, 2),
            "expected": _name_classes(classes, codes),
            "value": uses[largest],
            "shown": {"value": _label_class(uses[largest], planned_use, codes)},
        }
        finding = ctx.finding_maker.make_row_finding(
            layer, row, params=params, geometry=layer.plane[row], area_m2=float(layer.statutory[row])
        )
        finding.related_role, finding.related_keys = planned_use.role, [planned_use.keys[int(largest)]]
        findings.append(finding)
    return findings


def _get_land_use_codes(planned_use: Layer, ctx: RuleContext) -> CodeList | None:
    declared = planned_use.template.find_field("land_use")
    return ctx.get_code_list(declared.codes) if declared is not None and declared.codes else None


def _label_class(value: str, planned_use: Layer, codes: CodeList | None) -> str:
    """Return a code of land use followed by its name; the code alone if the list lacks it."""
    declared = planned_use.template.find_field("land_use")
    code = trim_code_padding(value, declared.code_pad if declared is not None else 0)
    entry = codes.entry_by_code.get(code) if codes is not None else None
    return value if entry is None else f"{value} {entry.name}"


def _name_classes(classes: list[str], codes: CodeList | None) -> str:
    """Return the names of classes of land use as one text; a class that the list lacks as its code."""
    return "、".join(
        codes.entry_by_code[code].name if codes is not None and code in codes.entry_by_code else code
        for code in classes
    )
