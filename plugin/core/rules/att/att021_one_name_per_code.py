# SPDX-License-Identifier: GPL-2.0-or-later
from collections import defaultdict
from collections.abc import Sequence

from ...engine.context import RuleContext
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import ValueProblem, make_row_list_params, make_value_finding, read_setting_words

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
PARCEL_LAYER = {"layer": "DLTB"}


def _make_plan_with_unit_names(*unit_names: str | None) -> dict[str, list[dict[str, str | None]]]:
    """Return the layers of an example: rows with one place code and these place names."""
    return {"layer": [{"wkt": SQUARE_WKT, "ZLDWDM": "1402252022100000000", "ZLDWMC": name} for name in unit_names]}


@rule(
    "ATT021",
    "one-name-per-code",
    problem="One code has several names",
    severity=Severity.WARNING,
    basis=["attribute-habits"],
    uses=["attributes.name_pairs"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer} ({key}): {field} = “{value}” in features: {count} ({rows}{more}), but code {code} has "
        "“{expected}” in {usual} others; sums by name would be split. Compare with the unit's name in the survey: if "
        "the code is right, use one name; if not, correct the code.",
    },
    fails=[
        RuleExample(
            "one village, two names",
            _make_plan_with_unit_names("大庄村", "大庄村", "大庄"),
            finds=1,
            roles=PARCEL_LAYER,
        ),
        RuleExample(
            "one finding a name",
            _make_plan_with_unit_names("大庄村", "大庄村", "大庄村", "大庄", "大庄"),
            finds=1,
            roles=PARCEL_LAYER,
        ),
    ],
    passes=[
        RuleExample("one name", _make_plan_with_unit_names("大庄村", "大庄村"), roles=PARCEL_LAYER),
        RuleExample("blank", _make_plan_with_unit_names("大庄村", None), roles=PARCEL_LAYER),
    ],
)
def one_name_per_code(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """One code has one name throughout a layer.

    What it checks
        Pairs of code and name without a code list (`attributes.name_pairs`: 坐落单位, 权属单位, 行政区 …): within a
        layer, a code has one name. Each further name is reported once, with its features.
    Why
        Tables by unit group by the name or by the code, and then differ.
    How to fix
        Use the name of the survey's unit table for all rows of the code, or correct the code.
    Limits
        The right name is unknown: the rule uses that of most rows, or the first of two. The pairs of fields are a
        setting of mark C. ATT002 checks codes with a list; fields with personal data are not checked.
    """
    result = RuleResult(is_applicable=False)
    for code_field, name_field in read_setting_words(ctx.norm, "attributes.name_pairs", 2, 2):
        template_field = layer.template.find_field_by_name(name_field)
        if (
            layer.get_column_by_name(code_field) is None
            or layer.get_column_by_name(name_field) is None
            or template_field is None
            or template_field.personal
        ):
            continue
        result.is_applicable = True
        for code, rows_by_name in _group_rows_by_code_and_name(
            layer.get_texts_by_name(code_field), layer.get_texts_by_name(name_field)
        ).items():
            (expected, usual_count), *others = sorted(
                ((n, len(rows)) for n, rows in rows_by_name.items()), key=lambda n: (-n[1], n[0])
            )
            for name, _ in others:
                positions = layer.sort_rows(rows_by_name[name])
                params = {"value": name, "code": code, "expected": expected, "usual": usual_count}
                problem = ValueProblem(params={**params, **make_row_list_params(layer, positions)})
                result.findings.append(make_value_finding(ctx, layer, positions[0], name_field, problem))
    return result


def _group_rows_by_code_and_name(codes: Sequence[str], row_names: Sequence[str]) -> dict[str, dict[str, list[int]]]:
    """Return code → name → rows, for the codes with more than one name.

    ``codes`` and ``row_names`` have one text for each row. Rows without a code or a name are omitted.
    """
    names_by_code: dict[str, set[str]] = defaultdict(set)
    for code, name in set(zip(codes, row_names, strict=True)):
        if code and name:
            names_by_code[code].add(name)
    rows: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row, (code, name) in enumerate(zip(codes, row_names, strict=True)):
        if name and len(names_by_code.get(code, ())) > 1:
            rows[code][name].append(row)
    return rows
