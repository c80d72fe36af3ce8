# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ....engine.context import RuleContext
from ....model.findings import Finding
from ....model.rule import RuleExample, RuleResult, Severity, rule
from ....plan.layer import Layer
from ..maintenance import check_each_layer

EXAMPLE_SQUARES = ["POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))", "POLYGON ((9 0, 18 0, 18 9, 9 9, 9 0))"]
EXAMPLE_FIELD_VALUES = {"WHLX": "2", "WHLY": "01", "JDZBLY": "1", "KZBSHSLX": "01", "WHBH": "20260309000001"}


def _make_example_changes(*rows: dict[str, str | None]) -> dict[str, list[dict[str, str | None]]]:
    """Return the example layer WHCGHFQ with a change for each row of field values."""
    return {
        "WHCGHFQ": [{"wkt": wkt, **EXAMPLE_FIELD_VALUES, **row} for wkt, row in zip(EXAMPLE_SQUARES, rows, strict=True)]
    }


@rule(
    "DOC020",
    "maintenance-causes",
    problem="Required fields of a change are empty or wrong",
    severity=Severity.WARNING,
    basis=["maintenance"],
    needs={},
    uses=["yearly.causes", "yearly.codes"],
    messages={
        "": "{layer} ({key}), change {number}: {field} ({alias}) is blank. Fill it in before submission.",
        "all": "{layer}: {field} ({alias}) is blank in all {count} changes. Fill it in before submission.",
        "code": "{layer} ({key}), change {number}: {field} ({alias}) is “{value}”, which is not in the county's list ({known}). "
        "Correct it, or the list under “codes of yearly maintenance” [yearly.codes] of the county's profile.",
    },
    fails=[
        RuleExample("one reason blank", _make_example_changes({}, {"WHLY": None}), finds=1),
        RuleExample("a reason of blanks only", _make_example_changes({}, {"WHLY": "  "}), finds=1),
        RuleExample(
            "nobody has filled in the source of quota",
            _make_example_changes({"JDZBLY": None}, {"JDZBLY": None}),
            finds=1,
        ),
        RuleExample(
            "a code that is none of the county's",
            _make_example_changes({}, {"WHLY": "09"}),
            finds=1,
            settings={"yearly.codes.WHLY": ["01", "02"]},
        ),
    ],
    passes=[
        RuleExample("all filled in", _make_example_changes({}, {})),
        RuleExample(
            "the county asks for the reason alone",
            _make_example_changes({"JDZBLY": None}, {"KZBSHSLX": None}),
            settings={"yearly.causes": ["WHLY"]},
        ),
        RuleExample("no maintenance", {"zones": EXAMPLE_SQUARES}),
    ],
)
def maintenance_causes(*, ctx: RuleContext) -> RuleResult:
    """Every change of yearly maintenance has its causes filled in.

    What it checks
        Classes of changes (WHC…) of a geodatabase of yearly maintenance: 维护理由 (WHLY), 机动指标来源 (JDZBLY) and 扩展倍数核算类型
        (KZBSHSLX) are filled in. If the county's profile lists codes, the values are in the list.
    Why
        The program leaves these fields blank, because only a person knows the causes. A package with blanks is sent
        back.
    How to fix
        Open the geodatabase, fill in the fields, save, and check again.
    Limits
        The official code lists were not found: any value is accepted until a profile lists codes under
        [yearly.codes]. The required fields are a setting (yearly.causes) until the county confirms them. A field that
        is blank in every change of a layer is reported once. The rule runs in the full check, not while editing.
    """
    return check_each_layer(ctx, lambda layer_classes: _find_wrong_causes(layer_classes.change_layer, ctx))


def _find_wrong_causes(layer: Layer, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on causes of changes that are empty or not in the list."""
    numbers = layer.get_texts_by_name("WHBH")
    for name in ctx.norm.get("yearly.causes"):
        template_field = layer.template.find_field_by_name(name)
        if template_field is None:
            continue
        values = [value.strip() for value in layer.get_texts_by_name(name)]
        if len(values) > 1 and not any(values):
            params = {"alias": template_field.alias, "count": len(values)}
            yield Finding(layer.role, field=name, case="all", params=params)
            continue
        known_codes = ctx.norm.get_settings_section("yearly").get(f"codes.{name}", [])
        for row, value in enumerate(values):
            params = {"alias": template_field.alias, "number": numbers[row] or "-"}
            if not value:
                yield ctx.finding_maker.make_row_finding(layer, row, field=name, params=params)
            elif known_codes and value not in known_codes:
                code_params = {"value": value, "known": ", ".join(known_codes)}
                yield ctx.finding_maker.make_row_finding(
                    layer, row, field=name, case="code", params={**params, **code_params}
                )
