# SPDX-License-Identifier: GPL-2.0-or-later
from functools import partial

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.clauses import advise_by_receiver
from ...standard.messages.texts import CodeListName
from .._sealed import join_first_names, make_params_of_uncompared_fields

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
TERRACE_DOMAIN = {"PD": "坡地", "TT": "梯田"}


@rule(
    "SCH007",
    "field-domain",
    problem="A field's domain differs from the code list",
    severity=Severity.WARNING,
    basis=["county-db", "survey-2020"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    clauses=partial(advise_by_receiver, "domain"),
    messages={
        "none": "{layer}: the field {field} has no coded domain in the database (codes to choose from); the template "
        "has the {list}. Codes that are filled in and this check are not affected. {receiver}Create an empty layer "
        "with domains with New Layers… (GeoPackage or FileGDB), and paste the features into it.",
        "lacks": "{layer}: the domain of the field {field} lacks codes of the {list}: {count} ({codes}). They cannot "
        "be chosen; codes that are filled in are not affected. Add them to the domain in the database.",
        "more": "{layer}: the domain of the field {field} has codes that are not in the {list}: {count} ({codes}). "
        "Delete them from the domain, or, if the county uses them, add them to the file of the list (menu Data "
        "Dictionary, page of the list, shows where it is and how).",
        "names": "{layer}: the domain of the field {field} has other names than the {list} for some codes: {count} "
        "(domain ≠ list: {codes}). Wrong codes would be chosen. Correct the names in the domain.",
    },
    fails=[
        RuleExample("no domain", {"layer": [{"wkt": SQUARE_WKT, "urban_code": "201", "domains": {"urban_code": {}}}]}, finds=1,
                roles={"layer": "DLTB"}),
        RuleExample("a code too few, one too many", {"layer": [{"wkt": SQUARE_WKT, "terrace": "PD",
                "domains": {"terrace": {"PD": "坡地", "XX": "未知"}}}]}, finds=2, roles={"layer": "DLTB"}),
        RuleExample("another name", {"layer": [{"wkt": SQUARE_WKT, "terrace": "PD", "domains": {"terrace": {"PD": "坡地", "TT": "台地"}}}]},
                finds=1, roles={"layer": "DLTB"}),
    ],
    passes=[RuleExample("as the list", {"layer": [{"wkt": SQUARE_WKT, "terrace": "PD", "domains": {"terrace": TERRACE_DOMAIN}}]},
                    roles={"layer": "DLTB"})],
)  # fmt: skip
def field_domain(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Coded domains have the codes of their list.

    What it checks
        For each field with a code list, the coded domain (值域) of the database: it exists and has exactly the list's
        codes and names, written as in the field (padded with zeros). If field or list is not verified (mark C), a
        difference is only noted.
    Why
        Users choose values from the domain. An outdated domain offers codes that the check then rejects.
    How to fix
        Correct the domain in the database; if the county's list is longer, first add its codes to the file of the list
        (menu Data Dictionary, page of the list, shows where it is and how). A database from “New layers” has
        all codes.
    Limits
        GeoPackage and FileGDB store domains; a shapefile does not, and the outcome notes it. ATT002 checks the
        values.
    """
    result = RuleResult(is_applicable=False)
    domains = {f.name.upper(): f.codes for f in layer.source.fields}
    fields_without_domain = []
    for template_field in layer.template.fields:
        if not template_field.codes or template_field.name not in domains:
            continue
        domain_codes = domains[template_field.name]
        if domain_codes is None:
            fields_without_domain.append(template_field.name)
            continue
        result.is_applicable = True
        codes = ctx.get_code_list(template_field.codes)
        result.unconfirmed.append(f"codes.{template_field.codes}")
        severity = Severity.INFO if "C" in (template_field.mark, codes.mark) else None
        list_codes = codes.get_names_by_written_code(template_field.code_pad)
        for case, differing_codes in _compare_domain(domain_codes, list_codes):
            labels = [_label_code(code, case, domain_codes, list_codes) for code in differing_codes]
            params = {
                "list": CodeListName(template_field.codes),
                "count": len(differing_codes),
                "codes": join_first_names(differing_codes),
                "shown": {"is_verified": severity is None, "codes": join_first_names(labels)},
            }
            result.findings.append(
                Finding(layer.role, field=template_field.name, case=case, severity=severity, params=params)
            )
    if fields_without_domain:
        result.not_checked.append(("domain_untold", make_params_of_uncompared_fields(layer, fields_without_domain)))
    return result


def _compare_domain(domain_codes: dict[str, str], list_codes: dict[str, str]) -> list[tuple[str, list[str]]]:
    """Return each kind of difference between domain and list with its codes."""
    if not domain_codes:
        return [("none", [])]
    common_codes = [c for c in list_codes if c in domain_codes]
    codes_by_case = {
        "lacks": [c for c in list_codes if c not in domain_codes],
        "more": [c for c in domain_codes if c not in list_codes],
        "names": [c for c in common_codes if domain_codes[c].strip() != list_codes[c]],
    }
    return [(case, codes) for case, codes in codes_by_case.items() if codes]


def _label_code(code: str, case: str, domain_codes: dict[str, str], list_codes: dict[str, str]) -> str:
    """Return a code with its name, for the message; of a code with two names, that of the domain and of the list."""
    if case == "names":
        return f"{code}：“{domain_codes[code]}”≠“{list_codes[code]}”"
    return f"{code} {(list_codes if case == 'lacks' else domain_codes)[code]}".strip()
