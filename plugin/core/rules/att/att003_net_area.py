# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...figures.indicators.areas import find_net_area_contradictions
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
#: Meanings of the fields that a finding names.
_AREA_MEANINGS = ("gross_area", "deduction_rate", "deduction_area", "net_area")
CONSISTENT_ROW = {
    "wkt": SQUARE_WKT,
    "land_use": "0103",
    "gross_area": 10000.0,
    "deduction_rate": 0.1,
    "deduction_area": 1000.0,
    "net_area": 9000.0,
}


@rule(
    "ATT003",
    "net-area",
    problem="Net area does not follow from its fields",
    refuses_fix="net_area_sum",
    local=True,
    severity=Severity.WARNING,
    basis=["A7", "pbf-db-2021"],
    needs={"layer": LayerNeed(EVERY_LAYER, fields=("gross_area", "net_area", "deduction_rate", "deduction_area"))},
    messages={
        "rate": "{layer} ({key}): {field} = {actual} is below 0, or is 1 or more. Correct the rate from the survey "
        "(as a decimal, not in percent), then compute deduction and net area again.",
        "deduction": "{layer} ({key}): {field} = {actual} m², but gross area × deduction rate{facts} gives {expected} "
        "m². First compare gross area and rate with the survey, and correct wrong ones; then compute the field and "
        "the net area again.",
        "net": "{layer} ({key}): {field} = {actual} m², but gross area − deduction{facts} gives {expected} m². First "
        "compare gross area and deduction with the survey, and correct wrong ones; then compute the field again.",
        "missing": "{layer} ({key}): {field} is empty on cultivated land, although tasks are counted in net area. "
        "Check gross area and deduction first, then fill in the net area: gross area − deduction{facts}, {expected} "
        "m².",
        "gross": "{layer} ({key}): {field} is empty or not a positive number, so the net area cannot be checked. "
        "Compute it with “Statutory area”, then check the net area.",
    },
    fails=[
        RuleExample(
            "net is gross", {"layer": [{**CONSISTENT_ROW, "net_area": 10000.0}]}, finds=1, roles={"layer": "DLTB"}
        ),
        RuleExample(
            "rate of one", {"layer": [{**CONSISTENT_ROW, "deduction_rate": 1.0}]}, finds=1, roles={"layer": "DLTB"}
        ),
        RuleExample(
            "wrong deduction",
            {"layer": [{**CONSISTENT_ROW, "deduction_area": 900.0, "net_area": 9100.0}]},
            finds=1,
            roles={"layer": "DLTB"},
        ),
        RuleExample(
            "no net area on 旱地", {"layer": [{**CONSISTENT_ROW, "net_area": None}]}, finds=1, roles={"layer": "DLTB"}
        ),
        RuleExample(
            "more net than gross",
            {"layer": [{"wkt": CONSISTENT_ROW["wkt"], "gross_area": 100.0, "net_area": 101.0}]},
            finds=1,
            roles={"layer": "XZYDYH"},
        ),
        RuleExample(
            "no gross area", {"layer": [{**CONSISTENT_ROW, "gross_area": None}]}, finds=1, roles={"layer": "DLTB"}
        ),
    ],
    passes=[
        RuleExample(
            "a layer that knows no deduction",
            {"layer": [{"wkt": CONSISTENT_ROW["wkt"], "gross_area": 100.0, "net_area": 90.0}]},
            roles={"layer": "XZYDYH"},
        ),
        RuleExample("agrees", {"layer": [CONSISTENT_ROW]}, roles={"layer": "DLTB"}),
        RuleExample(
            "no deduction",
            {"layer": [{**CONSISTENT_ROW, "deduction_rate": None, "deduction_area": None, "net_area": 10000.0}]},
            roles={"layer": "DLTB"},
        ),
        RuleExample(
            "no net area on a road",
            {"layer": [{**CONSISTENT_ROW, "land_use": "1003", "net_area": None}]},
            roles={"layer": "DLTB"},
        ),
    ],
)
def net_area(layer: Layer, *, ctx: RuleContext, allowance_m2: float = 0.01) -> RuleResult | None:
    """Deduction and net area agree with the gross area.

    What it checks
        In layers that have the fields: KCXS in [0, 1); KCMJ = gross × KCXS; net area (TBDLMJ, YJJBNTMJ) = gross −
        KCMJ; a net area on every row of cultivated land. A missing rate or deduction counts as 0.
    Why
        Targets for 耕地 and 永久基本农田 use net area, without field ridges (田坎).
    How to fix
        Compute the fields again from the gross area and the rate, rounded to 0.01 m².
    Limits
        Does not compare the gross area with the shape. One finding for each row, on the first wrong field.
    """
    if not layer.has_field("gross_area") or not layer.has_field("net_area"):
        return None
    result, shapes = RuleResult(), layer.plane_shapes
    field_names = {meaning: layer.get_field_name(meaning) for meaning in _AREA_MEANINGS}
    for difference in find_net_area_contradictions(layer, ctx.find_cultivated_rows(layer), allowance_m2):
        result.findings.append(
            ctx.finding_maker.make_row_finding(
                layer,
                difference.row,
                field=field_names[difference.field_meaning],
                case=difference.case,
                params={
                    "problem": difference.case,
                    "actual": difference.actual_value,
                    "expected": difference.expected_value,
                    "shown": {"facts": [difference.calculation] if difference.calculation else []},
                },
                geometry=shapes[difference.row],
            )
        )
    return result
