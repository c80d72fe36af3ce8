# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import Context
from ...model.rule import EACH, Example, Need, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import ValueProblem, judge_values

SQUARE = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
ZONES = {"layer": "YDYHGHFQ"}
#: Digits of a county's code and of a township's; zeros or a village follow a township's code.
COUNTY, TOWNSHIP = 6, 9


def _row(code: str, name: str | None) -> dict[str, str | None]:
    return {"wkt": SQUARE, "division_code": code, "division_name": name}


TOWNS = [_row("140225100", "永安镇"), _row("140225101", "王庄堡镇")]


@rule(
    "ATT012",
    "division-name",
    problem="A division's name and code disagree",
    severity=Severity.WARNING,
    basis=["A3"],
    needs={
        "layer": Need(EACH, fields=("division_code", "division_name")),
        "townships": Need("townships", optional=True),
    },
    messages={
        "name": "{layer} ({key}): {field} = “{value}”, but the name of code {code} is {expected}. Correct the name or the code.",
        "unknown": "{layer} ({key}): {field} = “{code}” is not among the townships of {source} ({count}). Correct the code, or add the township.",
    },
    fails=[
        Example("another county's name", {"layer": [_row("140225", "应县")]}, finds=1, roles=ZONES),
        Example("another township's name", {"townships": TOWNS, "layer": [_row("140225100", "王庄堡镇")]}, finds=1, roles=ZONES),
        Example("no such township", {"townships": TOWNS, "layer": [_row("140225199", "永安镇")]}, finds=1, roles=ZONES),
    ],
    passes=[
        Example("county", {"layer": [_row("140225", "浑源县")]}, roles=ZONES),
        Example("county with its city", {"layer": [_row("140225", "大同市浑源县")]}, roles=ZONES),
        Example("township", {"townships": TOWNS, "layer": [_row("140225100000", "永安镇")]}, roles=ZONES),
        Example("blank", {"layer": [_row("140225", None)]}, roles=ZONES),
        Example("a village, which no list tells", {"townships": TOWNS, "layer": [_row("140225100201", "大庄村")]}, roles=ZONES),
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
    has = layer.has("division_code") and layer.has("division_name")
    result = RuleResult(applicable=has)
    if not has:
        return result
    divisions = ctx.codes("divisions")
    own = townships is not None and townships.role == layer.role
    towns, source = (_towns(townships), townships.name) if townships is not None and not own else ({}, "")
    code_field, name_field = layer.field_name("division_code"), layer.field_name("division_name")

    def judge(pair: tuple[str, str]) -> ValueProblem | None:
        code, name = pair
        if not code.isdigit():
            return None
        if len(code) == COUNTY:
            lineage = [divisions.codes[c].name for c in divisions.lineage(code)]
            known = {"".join(reversed(lineage[: n + 1])) for n in range(len(lineage))}
            expected = lineage[0] if lineage else ""
        elif len(code) >= TOWNSHIP and not code[TOWNSHIP:].strip("0") and towns:
            if code[:TOWNSHIP] not in towns:
                return ValueProblem("unknown", {"code": code, "count": len(towns), "source": source})
            known, expected = towns[code[:TOWNSHIP]], min(towns[code[:TOWNSHIP]])
        else:
            return None
        if not name or not known or name in known:
            return None
        return ValueProblem("name", {"value": name, "code": code, "expected": expected})

    pairs = list(zip(layer.text("division_code"), layer.text("division_name"), strict=True))
    result.findings = judge_values(ctx, layer, name_field, pairs, judge)
    for finding in result.findings:
        finding.field = code_field if finding.case == "unknown" else name_field
    return result


def _towns(townships: Layer) -> dict[str, set[str]]:
    """Return nine digits of a township → its names in the layer."""
    found: dict[str, set[str]] = {}
    for code, name in zip(townships.text("division_code"), townships.text("division_name"), strict=True):
        if len(code) >= TOWNSHIP and name:
            found.setdefault(code[:TOWNSHIP], set()).add(name)
    return found
