# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext, trim_code_padding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.codes import CodeList
from ...standard.messages.texts import CodeListName
from .._attributes import ValueProblem, find_codes_with_subcodes, make_findings_of_wrong_values

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
PARCEL_LAYER = {"layer": "DLTB"}


@rule(
    "ATT009",
    "parent-code",
    problem="A parcel has a parent code",
    local=True,
    severity=Severity.INFO,
    basis=["attribute-habits"],
    uses=["attributes.leaf_lists"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer} ({key}): {field} = “{value}” ({name}) is a parent code of the {list}, with codes below it: "
        "{count}{listed}. Sums by class would miss the parcel. Enter the finer code of the survey, and correct the "
        "name.",
    },
    fails=[RuleExample("the class only", {"layer": [{"wkt": SQUARE_WKT, "land_use": "01"}]}, finds=1, roles=PARCEL_LAYER)],
    passes=[
        RuleExample("the finest code", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103"}]}, roles=PARCEL_LAYER),
        RuleExample("a list whose classes may be used", {"layer": [{"wkt": SQUARE_WKT, "zone_code": "400"}]}, roles={"layer": "YDYHGHFQ"}),
    ],
)  # fmt: skip
def parent_code(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Parcels have the finest code, not a parent code.

    What it checks
        Fields with a code list of `attributes.leaf_lists` (the land survey's classes): no code has finer codes below
        it.
    Why
        耕地 (01) does not distinguish 水田, 水浇地 and 旱地; tables by class then do not sum.
    How to fix
        Replace the code and its name by the finer ones of the survey.
    Limits
        A setting of mark C lists the code lists that require the finest level. Planning zones and planned land use may
        use the upper level; ATT010 checks the zones of the central urban area. Does not run by default: select the rule
        or its group attributes.
    """
    result = RuleResult(is_applicable=False)
    for template_field in layer.template.fields:
        values = (
            layer.get_column_by_name(template_field.name)
            if template_field.codes in ctx.norm.get("attributes.leaf_lists")
            else None
        )
        if values is None:
            continue
        result.is_applicable = True
        codes = ctx.get_code_list(template_field.codes)
        parents, pad = find_codes_with_subcodes(codes), template_field.code_pad

        def find_parent_code(
            written_code: str, codes: CodeList = codes, parents: set[str] = parents, pad: int = pad
        ) -> ValueProblem | None:
            code = trim_code_padding(written_code, pad)
            if code not in parents:
                return None
            finer_codes = [c.code for c in codes.entry_by_code.values() if c.parent == code]
            params = {
                "value": written_code,
                "name": codes.entry_by_code[code].name,
                "list": CodeListName(codes.id),
                "count": len(finer_codes),
                "codes": finer_codes[:3],
                "more": " …" if len(finer_codes) > 3 else "",
                "shown": {"codes": [f"{code} {codes.entry_by_code[code].name}" for code in finer_codes]},
            }
            return ValueProblem(params=params)

        result.findings += make_findings_of_wrong_values(
            ctx, layer, template_field.name, layer.get_texts_by_name(template_field.name), find_parent_code
        )
    return result
