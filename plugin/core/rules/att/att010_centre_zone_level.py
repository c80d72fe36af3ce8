# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import ValueProblem, explain_missing_fields, find_codes_with_subcodes, make_findings_of_wrong_values

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
CENTRE_ZONE_LAYER = {"layer": "ZXCQGHFQ"}
#: 二级: 分区 below 一级 (400 城镇发展区 → 410 城镇集中建设区).
SECOND_LEVEL = 2


@rule(
    "ATT010",
    "centre-zone-level",
    problem="A zone of the central urban area has a first-level code",
    local=True,
    severity=Severity.WARNING,
    basis=["A5"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer} ({key}): {field} = “{value}” ({name}) is a zone of level one; the central urban area requires "
        "codes of level two or finer{listed}. Enter the finer code of the approved zones of the centre, and correct "
        "the name; divide a feature that has several of them first.",
    },
    fails=[
        RuleExample("level one", {"layer": [{"wkt": SQUARE_WKT, "zone_code": "400"}]}, finds=1, roles=CENTRE_ZONE_LAYER)
    ],
    passes=[
        RuleExample("level two", {"layer": [{"wkt": SQUARE_WKT, "zone_code": "420"}]}, roles=CENTRE_ZONE_LAYER),
        RuleExample("level three", {"layer": [{"wkt": SQUARE_WKT, "zone_code": "411"}]}, roles=CENTRE_ZONE_LAYER),
        RuleExample(
            "a class without finer zones", {"layer": [{"wkt": SQUARE_WKT, "zone_code": "300"}]}, roles=CENTRE_ZONE_LAYER
        ),
        RuleExample(
            "the county's zones", {"layer": [{"wkt": SQUARE_WKT, "zone_code": "400"}]}, roles={"layer": "YDYHGHFQ"}
        ),
    ],
)
def centre_zone_level(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Zones of the central urban area have codes of level two or finer.

    What it checks
        规划分区代码 in the zone layer of the 中心城区 (`attributes.centre_zone_layers`) is of 二级 or finer.
    Why
        The county plan uses level one, the central urban area one level more; its control rules depend on the finer
        zone.
    How to fix
        Divide the zone, or replace its code and name by those of the finer zone.
    Limits
        A class without finer zones in the code list is accepted. The list of 规划分区 codes is marked C until a county
        confirms it. ATT020 checks that 管控指引 (GKZY) is filled. Does not run by default: select the rule or its group
        attributes.
    """
    centre = (layer.template.base or layer.role) in ctx.norm.get("attributes.centre_zone_layers")
    template_field = layer.template.find_field("zone_code") if centre else None
    result = RuleResult(is_applicable=template_field is not None)
    if template_field is None:
        return result
    if not layer.has_field("zone_code"):
        result.not_checked.append(explain_missing_fields(layer, "zone_code"))
        return result
    result.unconfirmed.append(f"codes.{template_field.codes}")
    codes = ctx.get_code_list(template_field.codes)
    parents = find_codes_with_subcodes(codes)

    def find_coarse_code(code: str) -> ValueProblem | None:
        if code not in parents or codes.entry_by_code[code].level >= SECOND_LEVEL:
            return None
        finer_codes = [c.code for c in codes.entry_by_code.values() if c.parent == code]
        labels = [f"{finer_code} {codes.entry_by_code[finer_code].name}" for finer_code in finer_codes]
        return ValueProblem(
            params={
                "value": code,
                "name": codes.entry_by_code[code].name,
                "codes": finer_codes,
                "shown": {"codes": labels},
            }
        )

    result.findings = make_findings_of_wrong_values(
        ctx, layer, template_field.name, layer.text("zone_code"), find_coarse_code
    )
    return result
