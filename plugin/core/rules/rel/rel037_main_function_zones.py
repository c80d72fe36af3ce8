# SPDX-License-Identifier: GPL-2.0-or-later
from typing import Any

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...three_zones.main_function import (
    ENERGY_FUNCTION,
    HERITAGE_FUNCTION,
    SETTINGS_USED,
    find_rows_with_additional_function,
    measure_three_zones_by_row,
    read_main_functions,
)

WEST_TOWNSHIP_WKT = "POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0))"
EAST_TOWNSHIP_WKT = "POLYGON ((1000 0, 2000 0, 2000 1000, 1000 1000, 1000 0))"
FARMING_TOWNSHIP = {"wkt": WEST_TOWNSHIP_WKT, "feature_kind": "农产品主产区", "division_name": "某镇"}
FARMLAND_ZONE = {"wkt": "POLYGON ((0 0, 600 0, 600 1000, 0 1000, 0 0))", "zone_code": "300"}
ECOLOGY_ZONE = {"wkt": "POLYGON ((600 0, 1000 0, 1000 1000, 600 1000, 600 0))", "zone_code": "200"}
URBAN_ZONE = {"wkt": "POLYGON ((0 0, 100 0, 100 1000, 0 1000, 0 0))", "zone_code": "410"}
HERITAGE_SITE_WKT = "POLYGON ((10 10, 20 10, 20 20, 10 20, 10 10))"


@rule(
    "REL037",
    "main-function-zones",
    problem="Zones and main function of a township disagree",
    severity=Severity.WARNING,
    basis=["shanxi-plan-3", "main-function-shares"],
    needs={
        "functions": LayerNeed("functions"),
        "zones": LayerNeed("zones", fields=("zone_code",)),
        "townships": LayerNeed("townships", optional=True),
    },
    uses=SETTINGS_USED,
    messages={
        "kind": "{layer} ({key}, {name}): the main function is unknown, because {field} is “{value}”. Fill in "
        "农产品主产区, 重点生态功能区 or 城市化地区 by the province's approved list, or add the county's word to [main_function] of "
        "the county profile.",
        "share": "{name} ({layer} {key}) has the main function {function}, but its zones are {agricultural} % "
        "agricultural, {ecological} % ecological and {urban} % urban space: {space}, which belongs to this function, "
        "is neither the largest of the three nor at least {limit} % (the default of the plugin or a setting of the "
        "county). First compare the function with the province's approved list, and correct it if it is wrong; if it "
        "is right, compare the zones of the township with the approved result; if both are right, waive the finding "
        "and give the source.",
        "energy": "{name} ({layer} {key}) is also {function}, but it has no zone for mining and energy and no "
        "mineral line. Compare with the province's approved list: correct a wrong function; if it is right, draw the "
        "missing zone or line of the approved plan.",
        "heritage": "{name} ({layer} {key}) is also {function}, but it has no feature of the heritage layers. "
        "Compare with the province's approved list: correct a wrong function; if it is right, draw the announced "
        "sites and their ranges.",
        "bare": "{area} of {related_layer} ({related_key}) has no main function in {layer} (width {width} m). Every "
        "township needs one. Compare with the province's approved list: draw a missing township with its function, "
        "or extend the layer to the township's edge.",
    },
    fails=[
        RuleExample("farming where woods are", {"functions": [FARMING_TOWNSHIP], "zones": [{**FARMLAND_ZONE, "zone_code": "200"}, {**ECOLOGY_ZONE, "zone_code": "300"}]},
                finds=1, parameters={"min_farming_share": 0.5}),
        RuleExample("woods nearly everywhere", {"functions": [FARMING_TOWNSHIP], "zones": [{**FARMLAND_ZONE, "zone_code": "200"}]}, finds=1),
        RuleExample("a town that is none", {"functions": [{**FARMING_TOWNSHIP, "feature_kind": "城市化地区"}], "zones": [FARMLAND_ZONE, ECOLOGY_ZONE]}, finds=1),
        RuleExample("an unknown word", {"functions": [{**FARMING_TOWNSHIP, "feature_kind": "综合区"}], "zones": [FARMLAND_ZONE, ECOLOGY_ZONE]}, finds=1),
        RuleExample("energy without any", {"functions": [{**FARMING_TOWNSHIP, "feature_kind": "农产品主产区（叠加能源资源富集区）"}], "zones": [FARMLAND_ZONE, ECOLOGY_ZONE],
                "KCZYKCBHX": [EAST_TOWNSHIP_WKT]}, finds=1),
        RuleExample("heritage without any", {"functions": [{**FARMING_TOWNSHIP, "feature_kind": "农产品主产区、历史文化资源富集区"}], "zones": [FARMLAND_ZONE, ECOLOGY_ZONE],
                "LSWHBHX": [EAST_TOWNSHIP_WKT]}, finds=1),
        RuleExample("a township without a function", {"functions": [FARMING_TOWNSHIP], "zones": [FARMLAND_ZONE, ECOLOGY_ZONE], "townships": [WEST_TOWNSHIP_WKT, EAST_TOWNSHIP_WKT]}, finds=1,
                areas=(1000000.0,)),
    ],
    passes=[
        RuleExample("fields on more than half", {"functions": [FARMING_TOWNSHIP], "zones": [FARMLAND_ZONE, ECOLOGY_ZONE], "townships": [WEST_TOWNSHIP_WKT]}),
        RuleExample("a tenth of town is enough", {"functions": [{**FARMING_TOWNSHIP, "feature_kind": "农产品主产区内的重点开发乡镇"}],
                "zones": [URBAN_ZONE, {**FARMLAND_ZONE, "wkt": "POLYGON ((100 0, 1000 0, 1000 1000, 100 1000, 100 0))"}]}),
        RuleExample("with its overlays", {"functions": [{**FARMING_TOWNSHIP, "feature_kind": "农产品主产区，叠加能源资源富集区、历史文化资源富集区"}],
                "zones": [FARMLAND_ZONE, {**ECOLOGY_ZONE, "zone_code": "700"}], "LSWHBHX": [HERITAGE_SITE_WKT]}),
        RuleExample("three tenths are enough", {"functions": [FARMING_TOWNSHIP], "zones": [{**FARMLAND_ZONE, "zone_code": "200"}, {**ECOLOGY_ZONE, "zone_code": "300"}]}),
    ],
)  # fmt: skip
def main_function_zones(
    functions: Layer,
    zones: Layer,
    townships: Layer | None,
    *,
    ctx: RuleContext,
    min_farming_share: float = 0.3,
    min_ecology_share: float = 0.3,
    min_urban_share: float = 0.05,
) -> RuleResult:
    """The zones of a township agree with its main function.

    What it checks
        For each township in 乡级主体功能定位 (XZZTGNDW): the space of its function (农产品主产区: agricultural,
        重点生态功能区: ecological, 城市化地区 and 重点开发: urban) is the largest of the three spaces of its zones,
        or has at least its minimum share. A township that is also 能源资源富集区 has a zone or line for it, one that
        is also 历史文化资源富集区 has features of the heritage layers. Every township has a function.
    Why
        The province's plan assigns the main function, and the zones must follow it.
    How to fix
        Fill in a missing function. Check the zones of the township first and draw what is missing; if they are
        right, check its function, and have it corrected in the upper plan if needed.
    Limits
        Words (`[main_function]`) in kind (LX), name and remark identify function and overlays: no field table was read
        (mark C). Shares are of the land in one of the three spaces; minimum shares are those of the plugin (mark C): a
        province sets its own. Runs by default for a whole county (scope county), else if the rule or its group
        control_lines is selected.
    """
    limits = {"01": min_farming_share, "02": min_ecology_share, "03": min_urban_share}
    params: dict[str, Any]
    functions_found = read_main_functions(functions, ctx)
    shares = measure_three_zones_by_row(functions, zones, ctx)
    result = RuleResult()
    for row, function in enumerate(functions_found):
        if not function.zone_code:
            params = {"name": function.township_name, "value": function.searched_text}
            name = functions.get_field_name("feature_kind") or functions.get_field_name("feature_name")
            shape = functions.plane_shapes[row]
            result.findings.append(
                ctx.finding_maker.make_row_finding(
                    functions, row, case="kind", field=name, params=params, geometry=shape
                )
            )
        elif not shares.is_dominant(row, function.zone_code, limits[function.zone_code]):
            params = {"name": function.township_name, "function": function.function_word}
            params |= shares.format_shares_in_percent(row)
            params |= {
                "space": shares.zone_names[function.zone_code],
                "limit": round(100 * limits[function.zone_code], 2),
            }
            shape = functions.plane_shapes[row]
            result.findings.append(
                ctx.finding_maker.make_row_finding(functions, row, case="share", params=params, geometry=shape)
            )
    for overlay in (ENERGY_FUNCTION, HERITAGE_FUNCTION):
        has_features = find_rows_with_additional_function(overlay, functions, zones, ctx)
        for row, function in enumerate(functions_found):
            if has_features is not None and function.words_by_additional_function[overlay] and not has_features[row]:
                params = {"name": function.township_name, "function": function.words_by_additional_function[overlay]}
                shape = functions.plane_shapes[row]
                result.findings.append(
                    ctx.finding_maker.make_row_finding(functions, row, case=overlay, params=params, geometry=shape)
                )
    if townships is not None:
        uncovered_findings = ctx.finding_maker.make_pair_findings(
            townships, functions, ctx.geometry.find_uncovered_pieces(townships, functions), case="bare"
        )
        result.findings += [
            _swap_roles(finding, functions)
            for finding in ctx.finding_maker.mark_findings_by_location(uncovered_findings)
        ]
    return result


def _swap_roles(finding: Finding, functions: Layer) -> Finding:
    """Exchange the two layers of a finding, in place, and return it.

    The finding then belongs to the layer of functions, on which the rule reports.
    """
    if "fid" in finding.params:
        finding.params["related_fid"] = finding.params.pop("fid")
    finding.related_role, finding.related_keys = finding.role, [finding.key]
    finding.role, finding.key = functions.role, ""
    return finding
