# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import Context
from ...model.rule import EVERY_LAYER, Example, Need, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import ValueProblem, judge_values

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
ZONE_LAYER = {"layer": "YDYHGHFQ"}
#: Digits of a county's code and of a township's; zeros or a village follow a township's code.
COUNTY_DIGITS, TOWNSHIP_DIGITS = 6, 9


def _make_division_row(code: str, name: str | None) -> dict[str, str | None]:
    return {"wkt": SQUARE_WKT, "division_code": code, "division_name": name}


TOWNSHIP_ROWS = [_make_division_row("140225100", "永安镇"), _make_division_row("140225101", "王庄堡镇")]


@rule(
    "ATT012",
    "division-name",
    problem="A division's name and code disagree",
    severity=Severity.WARNING,
    basis=["A3"],
    needs={
        "layer": Need(EVERY_LAYER, fields=("division_code", "division_name")),
        "townships": Need("townships", optional=True),
    },
    messages={
        "name": "{layer} ({key}): {field} = “{value}”, but the name of code {code} is {expected}. Correct the name or the code.",
        "unknown": "{layer} ({key}): {field} = “{code}” is not among the townships of {source} ({count}). Correct the code, or add the township.",
    },
    fails=[
        Example("another county's name", {"layer": [_make_division_row("140225", "应县")]}, finds=1, roles=ZONE_LAYER),
        Example("another township's name", {"townships": TOWNSHIP_ROWS, "layer": [_make_division_row("140225100", "王庄堡镇")]}, finds=1, roles=ZONE_LAYER),
        Example("no such township", {"townships": TOWNSHIP_ROWS, "layer": [_make_division_row("140225199", "永安镇")]}, finds=1, roles=ZONE_LAYER),
    ],
    passes=[
        Example("county", {"layer": [_make_division_row("140225", "浑源县")]}, roles=ZONE_LAYER),
        Example("county with its city", {"layer": [_make_division_row("140225", "大同市浑源县")]}, roles=ZONE_LAYER),
        Example("township", {"townships": TOWNSHIP_ROWS, "layer": [_make_division_row("140225100000", "永安镇")]}, roles=ZONE_LAYER),
        Example("blank", {"layer": [_make_division_row("140225", None)]}, roles=ZONE_LAYER),
        Example("a village, which no list tells", {"townships": TOWNSHIP_ROWS, "layer": [_make_division_row("140225100201", "大庄村")]}, roles=ZONE_LAYER),
    ],
)  # fmt: skip
def division_name(layer: Layer, townships: Layer | None, *, ctx: Context) -> RuleResult:
    """Division names agree with their codes.

    What it checks
        Where both are filled: the name of a county's code is that of the division list (with or without the city's
        name before it); the code of a township is in the plan's township layer, and the name is that of the layer.
    Why
        Tables by township show the name but sum by the code; both must agree.
    How to fix
        Correct the name or the code; if the township layer is outdated (乡镇撤并), correct that layer first.
    Limits
        The division list has Shanxi's counties; codes of other provinces are not checked. Townships are known from
        the plan's layer only, which this rule does not check; villages are unknown.
    """
    has_both_fields = layer.has("division_code") and layer.has("division_name")
    result = RuleResult(is_applicable=has_both_fields)
    if not has_both_fields:
        return result
    divisions = ctx.codes("divisions")
    is_township_layer = townships is not None and townships.role == layer.role
    township_names, source = (
        (_read_township_names(townships), townships.name)
        if townships is not None and not is_township_layer
        else ({}, "")
    )
    code_field, name_field = layer.get_field_name("division_code"), layer.get_field_name("division_name")

    def find_division_problem(pair: tuple[str, str]) -> ValueProblem | None:
        code, name = pair
        if not code.isdigit():
            return None
        if len(code) == COUNTY_DIGITS:
            lineage = [divisions.codes[c].name for c in divisions.list_code_and_parents(code)]
            known = {"".join(reversed(lineage[: n + 1])) for n in range(len(lineage))}
            expected = lineage[0] if lineage else ""
        elif len(code) >= TOWNSHIP_DIGITS and not code[TOWNSHIP_DIGITS:].strip("0") and township_names:
            if code[:TOWNSHIP_DIGITS] not in township_names:
                return ValueProblem("unknown", {"code": code, "count": len(township_names), "source": source})
            known, expected = township_names[code[:TOWNSHIP_DIGITS]], min(township_names[code[:TOWNSHIP_DIGITS]])
        else:
            return None
        if not name or not known or name in known:
            return None
        return ValueProblem("name", {"value": name, "code": code, "expected": expected})

    pairs = list(zip(layer.text("division_code"), layer.text("division_name"), strict=True))
    result.findings = judge_values(ctx, layer, name_field, pairs, find_division_problem)
    for finding in result.findings:
        finding.field = code_field if finding.case == "unknown" else name_field
    return result


def _read_township_names(townships: Layer) -> dict[str, set[str]]:
    """Return the nine digits of each township → its names in the township layer."""
    names_by_code: dict[str, set[str]] = {}
    for code, name in zip(townships.text("division_code"), townships.text("division_name"), strict=True):
        if len(code) >= TOWNSHIP_DIGITS and name:
            names_by_code.setdefault(code[:TOWNSHIP_DIGITS], set()).add(name)
    return names_by_code
