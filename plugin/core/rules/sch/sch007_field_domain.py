# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import Context
from ...messages.texts import CodeListName
from ...model.findings import Finding
from ...model.rule import EACH, Example, Need, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._sealed import list_some, not_compared_params

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
TERRACE = {"PD": "坡地", "TT": "梯田"}


@rule(
    "SCH007",
    "field-domain",
    problem="A field's domain differs from the code list",
    severity=Severity.WARNING,
    basis=["county-db", "survey-2020"],
    needs={"layer": Need(EACH)},
    messages={
        "none": "{layer} has no coded domain for the field {field}; the template has the {list}. Add the domain to the "
        "database, so that nobody types a code.",
        "lacks": "{layer}: the domain of the field {field} lacks {count} codes of the {list} ({codes}). Add them.",
        "more": "{layer}: the domain of the field {field} has {count} codes that are not in the {list} ({codes}). Delete them, "
        "or add them to the list if the county uses them.",
        "names": "{layer}: the domain of the field {field} gives {count} codes another name than the {list} ({codes}). "
        "Correct the names.",
    },
    fails=[
        Example("no domain", {"layer": [{"wkt": SQUARE, "urban_code": "201", "domains": {"urban_code": {}}}]}, finds=1,
                roles={"layer": "DLTB"}),
        Example("a code too few, one too many", {"layer": [{"wkt": SQUARE, "terrace": "PD",
                "domains": {"terrace": {"PD": "坡地", "XX": "未知"}}}]}, finds=2, roles={"layer": "DLTB"}),
        Example("another name", {"layer": [{"wkt": SQUARE, "terrace": "PD", "domains": {"terrace": {"PD": "坡地", "TT": "台地"}}}]},
                finds=1, roles={"layer": "DLTB"}),
    ],
    passes=[Example("as the list", {"layer": [{"wkt": SQUARE, "terrace": "PD", "domains": {"terrace": TERRACE}}]},
                    roles={"layer": "DLTB"})],
)  # fmt: skip
def field_domain(layer: Layer, *, ctx: Context) -> RuleResult:
    """Coded domains hold the codes of their list.

    What it checks
        For each field with a code list, the coded domain (值域) that the database keeps: it is there, and has the list's codes
        and names, no more and no less, written as the field writes them (padded with zeros). Where field or list is not
        verified (mark C), a difference is only noted.
    Why
        The domain is what a person picks from. One that is out of date offers codes that the check then refuses.
    How to fix
        Correct the domain in the database, or the CSV of the list if the county's list is longer; a database from “Create plan
        layers” has all of them.
    Limits
        GeoPackage and FileGDB keep domains; a shapefile does not, and that is said. The values themselves are looked at by
        ATT002.
    """
    result = RuleResult(applicable=False)
    told = {f.name.upper(): f.codes for f in layer.source.fields}
    silent = []
    for declared in layer.template.fields:
        if not declared.codes or declared.name not in told:
            continue
        held = told[declared.name]
        if held is None:
            silent.append(declared.name)
            continue
        result.applicable = True
        codes = ctx.codes(declared.codes)
        result.unconfirmed.append(f"codes.{declared.codes}")
        severity = Severity.INFO if "C" in (declared.mark, codes.mark) else None
        for case, found in _differences(held, codes.written(declared.code_pad)):
            params = {"list": CodeListName(declared.codes), "count": len(found), "codes": list_some(found)}
            result.findings.append(
                Finding(layer.role, field=declared.name, case=case, severity=severity, params=params)
            )
    if silent:
        result.not_checked.append(("domain_untold", not_compared_params(layer, silent)))
    return result


def _differences(held: dict[str, str], wanted: dict[str, str]) -> list[tuple[str, list[str]]]:
    if not held:
        return [("none", [])]
    both = [c for c in wanted if c in held]
    found = {
        "lacks": [c for c in wanted if c not in held],
        "more": [c for c in held if c not in wanted],
        "names": [c for c in both if held[c].strip() != wanted[c]],
    }
    return [(case, codes) for case, codes in found.items() if codes]
