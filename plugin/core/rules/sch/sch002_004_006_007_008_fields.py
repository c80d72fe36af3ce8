# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on the fields of a layer: presence, type, length, alias, domain and order."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from ...base.placeholders import join_first
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.clauses import advise_by_receiver
from ...standard.messages.texts import CodeListName
from ...standard.template import TemplateField
from .._attributes import (
    MAX_NAMED_ROWS,
    make_row_list_params,
    shorten_or_mask_value,
)
from .._places import SQUARE_WKT

#: Skipped rules that a message names.
MAX_LISTED_RULES = 5


def _make_parcel_row(**other: Any) -> dict[str, Any]:
    """Return a parcel (地类图斑) with all fields that default rules need.

    ``None`` for a field omits it.
    """
    row = {
        "wkt": SQUARE_WKT,
        "land_use": "0103",
        "urban_code": "202",
        "gross_area": 12.0,
        "deduction_area": 0.0,
        "deduction_rate": 0.0,
        "net_area": 12.0,
    }
    return {name: value for name, value in (row | other).items() if value is not None}


@rule(
    "SCH002",
    "required-fields",
    problem="A mandatory field is missing or of another type",
    surroundings="fields",
    basis=["county-db", "survey-2020"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "missing": "{layer} lacks the required field {field} ({field_title}, type {expected}). Rules that need "
        "it{facts} are skipped and do not count as passed. Add the field (Fix…), and fill in each row from "
        "{authority}. If the field has another name, use field mapping; if this is the wrong layer, assign the right "
        "one under Layer Roles.",
        "type": "{layer}: the field {field} has the type {actual}; the standard requires {expected}. Sums and "
        "comparisons would be wrong. Create a field of that type under a temporary name, convert the values with the "
        "field calculator, delete the old field, and rename the new one.",
        "type_zeros": "{layer}: the field {field} has the type {actual}; the standard requires {expected}. A number cannot "
        "store the leading zero of a code ({example} must be “{restored}”). Create a field of that type under a temporary "
        "name, convert the values with the field calculator and restore the zeros as the code list has them, delete the "
        "old field, and rename the new one.",
        "stored": "{layer}: the field {field} has the type {expected}, but {count} values are stored as others, such "
        "as “{example}”{listed_rows}. The field was read as text, unchanged, and nothing was converted. Correct "
        "these values (in numbers only digits, a minus sign and a decimal point), then write the layer again; the layer "
        "was not changed.",
    },
    fails=[
        RuleExample("no urban code", {"layer": [_make_parcel_row(urban_code=None)]}, finds=1, roles={"layer": "DLTB"}),
        RuleExample("number kept as text", {"layer": [_make_parcel_row(gross_area="12")]}, finds=1, roles={"layer": "DLTB"}),
    ],
    passes=[RuleExample("all there", {"layer": [_make_parcel_row()]}, roles={"layer": "DLTB"})],
)  # fmt: skip
def required_fields(layer: Layer, *, ctx: RuleContext) -> Iterator[Finding]:
    """Required fields are present and have the right type.

    What it checks
        Each field that the layer's template makes mandatory (M), or that a default rule of the standard or the
        profile needs, exists and has the template's type. A whole-number field in place of a real one loses nothing
        and is accepted. The values that a GeoPackage stores in a field are of its type.
    Why
        A rule cannot be checked without its fields, and text in place of a number breaks every sum.
    How to fix
        Add the field with type and length of the template, or convert it; the layer dictionary lists the fields.
    Limits
        SCH008 checks other fields and their order, SCH004 lengths, SCH006 aliases, SCH007 domains.
    """
    codes_by_field: dict[str, list[str]] = defaultdict(list)
    for code, need in _iterate_needs(layer, ctx):
        for template_field in layer.template.fields:
            if template_field.meaning in need.fields and code not in codes_by_field[template_field.name]:
                codes_by_field[template_field.name].append(code)
    needed_names = find_needed_fields(layer, ctx)
    actual_types = {f.name.upper(): f.type for f in layer.source.fields}
    mistyped_columns = {name.upper(): column for name, column in layer.source.mistyped_columns.items()}
    for name, column in mistyped_columns.items():
        declared, fids = layer.template.find_field_by_name(name), set(column.fids)
        positions = [position for position, fid in enumerate(layer.fids) if fid in fids]
        stored = make_row_list_params(layer, positions, MAX_NAMED_ROWS) | {
            "count": column.count,
            "expected": column.declared_type,
            "example": shorten_or_mask_value(declared, column.example.replace("\0", "␀")) if declared else "…",
        }
        yield Finding(layer.role, field=name, case="stored", params=stored)
    for template_field in layer.template.fields:
        if template_field.name not in needed_names or template_field.name in mistyped_columns:
            continue
        params: dict[str, Any] = {"expected": template_field.type, "actual": actual_types.get(template_field.name, "")}
        if template_field.name not in actual_types:
            if codes := codes_by_field[template_field.name]:
                params["shown"] = {"facts": [*codes[:MAX_LISTED_RULES], *["…"][: len(codes) > MAX_LISTED_RULES]]}
            yield Finding(
                layer.role, field=template_field.name, case="missing", params={"problem": "missing", **params}
            )
        elif not is_type_compatible(params["actual"], template_field.type):
            code_list = ctx.norm.standard.code_lists.get(template_field.codes)
            for example in dict.fromkeys(layer.get_texts_by_name(template_field.name)):
                if code_list and (restored := code_list.restore_leading_zeros(example, template_field.code_pad)):
                    params["shown"] = {"variant": "zeros", "example": example, "restored": restored}
                    break
            yield Finding(layer.role, field=template_field.name, case="type", params={"problem": "type", **params})


def _iterate_needs(layer: Layer, ctx: RuleContext) -> Iterator[tuple[str, LayerNeed]]:
    """Yield the code of each default rule, sorted, with each need by which it reads the layer."""
    for code in sorted(ctx.norm.list_default_rules_of_scope(ctx.plan.scope)):
        for need in ctx.norm.rules_by_code[code].needs.values():
            # A rule reads the layer of its concept, not every layer that could have it.
            if need.concept == EVERY_LAYER or ctx.plan.find_layer_of_concept(need.concept) is layer:
                yield code, need


def find_needed_fields(layer: Layer, ctx: RuleContext) -> set[str]:
    """Return names of the fields that the template requires or a default rule reads.

    The default rules are those of standard, profile and scope, so that the result does not depend on the rules that a
    user selects for a run.
    """
    meanings = {meaning for _, need in _iterate_needs(layer, ctx) for meaning in (*need.fields, *need.reads)}
    return {f.name for f in layer.template.fields if f.constraint == "M" or f.meaning in meanings}


def is_type_compatible(actual: str, expected: str) -> bool:
    """Return True for equal types, and for whole numbers in place of real ones."""
    return actual == expected or (actual, expected) == ("integer", "real")


@rule(
    "SCH004",
    "field-length",
    problem="A field's length differs from the template",
    severity=Severity.WARNING,
    basis=["county-db", "survey-2020"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer}: the field {field} has the length {found_length}; the template has {length}, which is decisive. "
        "A short field truncates values, and the receiving side checks lengths. Create an empty layer with New "
        "Layers…, and paste the features into it.",
    },
    fails=[
        RuleExample("a key of 10", {"layer": [{"wkt": SQUARE_WKT, "key": "1402250001", "lengths": {"key": 10}}]}, finds=1),
        RuleExample("too long is not the template either",
                {"layer": [{"wkt": SQUARE_WKT, "key": "1402250001", "lengths": {"key": 254}}]}, finds=1),
    ],
    passes=[RuleExample("a key of 18", {"layer": [{"wkt": SQUARE_WKT, "key": "1402250001", "lengths": {"key": 18}}]})],
)  # fmt: skip
def field_length(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Text fields have the length of the template.

    What it checks
        The length that the source declares for each text field, compared with the template. If the template's field
        is not verified (mark C), a difference is only noted.
    Why
        A field that is too short cuts codes and names off silently; the receiving side compares lengths.
    How to fix
        Create the field again with the template's length, preferably in a database from “New layers”, and
        copy the values.
    Limits
        Only sources that declare a length are checked: GeoPackage, FileGDB and layers of a QGIS project; other files
        do not (a shapefile counts bytes), and the outcome notes it. Numbers and dates are not compared, because
        databases do not store their length.
    """
    lengths = {f.name.upper(): f.length for f in layer.source.fields if f.type == "text"}
    compared_fields = [
        f for f in layer.template.fields if f.type == "text" and f.length is not None and f.name in lengths
    ]
    result = RuleResult(
        is_applicable=bool(compared_fields),
        not_checked=_explain_unknown_items("length_untold", layer, compared_fields, lengths),
    )
    for template_field in compared_fields:
        if lengths[template_field.name] not in (None, template_field.length):
            result.findings.append(
                Finding(
                    layer.role,
                    field=template_field.name,
                    severity=Severity.INFO if template_field.mark == "C" else None,
                    params={"found_length": lengths[template_field.name], "length": template_field.length},
                )
            )
    return result


def _explain_unknown_items(
    reason: str, layer: Layer, template_fields: Iterable[TemplateField], item_by_field: Mapping[str, Any]
) -> list[tuple[str, dict[str, Any]]]:
    """Return why fields were not compared: the layer's format does not state the length, alias or domain of some."""
    names = [one.name for one in template_fields if item_by_field[one.name] is None]
    params = {"layer": layer.name, "role": layer.role, "count": len(names), "fields": join_first(names)}
    return [(reason, params)] if names else []


@rule(
    "SCH006",
    "field-alias",
    problem="A field's alias differs from the template",
    severity=Severity.WARNING,
    basis=["county-db", "survey-2020"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    clauses=partial(advise_by_receiver, "alias"),
    messages={
        "": "{layer}: the alias of the field {field} is “{found_alias}”; the template has “{alias}”. Values and this "
        "check are not affected. {receiver}Change the alias in the database, or create an empty layer with New Layers… and "
        "paste the features into it.",
        "empty": "{layer}: the field {field} has no Chinese alias; the template has “{alias}”. Values and this check "
        "are not affected. {receiver}Enter the alias in the database, or create an empty layer with New Layers… and "
        "paste the features into it.",
        "none": "{layer}: no field has a Chinese alias (fields: {count}). Values and this check are not affected. "
        "{receiver}Create an empty layer with New Layers… (GeoPackage or FileGDB), and paste the features into it. "
        "Aliases in the layer properties of QGIS are not in the database and do not count.",
    },
    fails=[
        RuleExample("another name", {"layer": [{"wkt": SQUARE_WKT, "key": "1", "area": 1.0,
                                            "aliases": {"key": "标识码", "area": "椭球面积"}}]}, finds=1),
        RuleExample("one without a name", {"layer": [{"wkt": SQUARE_WKT, "key": "1", "area": 1.0,
                                                  "aliases": {"key": "标识码", "area": ""}}]}, finds=1),
        RuleExample("no field has a name: reported once", {"layer": [{"wkt": SQUARE_WKT, "key": "1", "area": 1.0,
                                                          "aliases": {"key": "", "area": ""}}]}, finds=1),
    ],
    passes=[RuleExample("as in the template", {"layer": [{"wkt": SQUARE_WKT, "key": "1", "area": 1.0,
                                                      "aliases": {"key": "标识码", "area": "面积"}}]})],
)  # fmt: skip
def field_alias(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Fields have the Chinese names of the template.

    What it checks
        The alias (字段别名) that the database stores for each field of the template. If the template's field is not
        verified (mark C), a difference is only noted.
    Why
        Tables and forms show the alias; the receiving side reads YJJBNTTBMJ by its name.
    How to fix
        Change the alias in the database (ArcGIS: field properties; QGIS: a new layer), or copy the rows into a layer
        from “New layers”.
    Limits
        GeoPackage and FileGDB store aliases; a shapefile does not, and the outcome notes it. The alias in a QGIS form
        belongs to the project and is not checked. Fields outside the template are not compared.
    """
    aliases = {f.name.upper(): f.alias for f in layer.source.fields}
    present_fields = [f for f in layer.template.fields if f.name in aliases]
    aliased_fields = [f for f in present_fields if aliases[f.name] is not None]
    result = RuleResult(
        is_applicable=bool(aliased_fields),
        not_checked=_explain_unknown_items("alias_untold", layer, present_fields, aliases),
    )
    if len(aliased_fields) > 1 and not any(aliases[f.name] for f in aliased_fields):
        severity = Severity.INFO if layer.template.fields_mark == "C" else None
        result.findings.append(
            Finding(
                layer.role,
                case="none",
                severity=severity,
                params={"count": len(aliased_fields), "shown": {"is_verified": severity is None}},
            )
        )
        return result
    for template_field in aliased_fields:
        actual_alias = (aliases[template_field.name] or "").strip()
        if actual_alias != template_field.alias:
            severity = Severity.INFO if template_field.mark == "C" else None
            result.findings.append(
                Finding(
                    layer.role,
                    field=template_field.name,
                    case="" if actual_alias else "empty",
                    severity=severity,
                    params={
                        "found_alias": actual_alias,
                        "alias": template_field.alias,
                        "shown": {"is_verified": severity is None},
                    },
                )
            )
    return result


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
    passes=[RuleExample("as the list", {"layer": [{"wkt": SQUARE_WKT, "terrace": "PD", "domains": {"terrace": {"PD": "坡地", "TT": "梯田"}}}]},
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
        (Data Dictionary in the locator bar, page of the list, shows where it is and how). A database from “New layers” has
        all codes.
    Limits
        GeoPackage and FileGDB store domains; a shapefile does not, and the outcome notes it. ATT002 checks the
        values.
    """
    domains = {f.name.upper(): f.codes for f in layer.source.fields}
    coded_fields = [f for f in layer.template.fields if f.codes and f.name in domains]
    result = RuleResult(
        is_applicable=False, not_checked=_explain_unknown_items("domain_untold", layer, coded_fields, domains)
    )
    for template_field in coded_fields:
        domain_codes = domains[template_field.name]
        if domain_codes is None:
            continue
        result.is_applicable = True
        codes = ctx.get_code_list(template_field.codes)
        result.unconfirmed.append(f"codes.{template_field.codes}")
        severity = Severity.INFO if "C" in (template_field.mark, codes.mark) else None
        for case, differing_codes, labels in _compare_domain(
            domain_codes, codes.get_names_by_written_code(template_field.code_pad)
        ):
            result.findings.append(
                Finding(
                    layer.role,
                    field=template_field.name,
                    case=case,
                    severity=severity,
                    params={
                        "list": CodeListName(template_field.codes),
                        "count": len(differing_codes),
                        "codes": join_first(differing_codes),
                        "shown": {"is_verified": severity is None, "codes": join_first(labels)},
                    },
                )
            )
    return result


def _compare_domain(
    domain_codes: dict[str, str], list_codes: dict[str, str]
) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield each kind of difference between domain and list with its codes, and these with their names for a message.

    A code with two names has that of the domain and that of the list.
    """
    if not domain_codes:
        yield "none", [], []
        return
    lacking = [c for c in list_codes if c not in domain_codes]
    additional = [c for c in domain_codes if c not in list_codes]
    renamed = [c for c in list_codes if c in domain_codes and domain_codes[c].strip() != list_codes[c]]
    for case, codes, labels in (
        ("lacks", lacking, [f"{c} {list_codes[c]}".strip() for c in lacking]),
        ("more", additional, [f"{c} {domain_codes[c]}".strip() for c in additional]),
        ("names", renamed, [f"{c}：“{domain_codes[c]}”≠“{list_codes[c]}”" for c in renamed]),
    ):
        if codes:
            yield case, codes, labels


COMPLETE_ROW = {"feature_code": "2090020610", "division_code": "140225", "division_name": "浑源县", "zone_code": "300",
         "zone_name": "农田保护区", "area": 1.0, "BZ": ""}  # fmt: skip


@rule(
    "SCH008",
    "field-list",
    problem="Fields are missing or in another order than the template",
    severity=Severity.WARNING,
    basis=["county-db", "survey-2020"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "missing": "{layer} lacks the field {field} ({alias}, {expected}); the receiving side checks each field. "
        "Create an empty layer with all fields with New Layers…, and paste the features into it; leave values empty "
        "where there are no data.",
        "type": "{layer}: the field {field} has the type {actual}; the template has {expected}, which the receiving "
        "side checks. Create a field of that type under a temporary name, convert the values with the field "
        "calculator, delete the old field, and rename the new one.",
        "order": "{layer}: the order of fields differs from the template: {field} is where {wanted} must be. Values "
        "are not affected, but the receiving side checks the order. Create an empty layer with New Layers…, and paste "
        "the features into it.",
    },
    fails=[
        RuleExample("a field left out", {"layer": [{"wkt": SQUARE_WKT, "key": "1", **{m: v for m, v in COMPLETE_ROW.items() if m != "zone_name"}}]},
                finds=1, roles={"layer": "GHFQ"}),
        RuleExample("a number as text", {"layer": [{"wkt": SQUARE_WKT, "key": "1", **COMPLETE_ROW, "area": "12"}]}, finds=1,
                roles={"layer": "GHFQ"}),
        RuleExample("another order", {"layer": [{"wkt": SQUARE_WKT, **COMPLETE_ROW, "key": "1"}]}, finds=1, roles={"layer": "GHFQ"}),
    ],
    passes=[RuleExample("all, in order", {"layer": [{"wkt": SQUARE_WKT, "key": "1", **COMPLETE_ROW}]}, roles={"layer": "GHFQ"})],
)  # fmt: skip
def field_list(layer: Layer, *, ctx: RuleContext) -> Iterator[Finding]:
    """A layer has all fields of the template, in its order.

    What it checks
        Every field of the template is present with the template's type, also fields that no rule reads, and the
        fields are in the template's order. If the template's field is not verified (mark C) or is optional, a
        difference is only noted.
    Why
        The receiving side compares field by field; a table with another order or without a column is rejected.
    How to fix
        Copy the rows into a layer from “New layers” (use “Map fields to a template”), or add the field.
    Limits
        Fields outside the template are ignored. Problems that SCH002 reports in the same run are not repeated.
    """
    actual_types = {f.name.upper(): f.type for f in layer.source.fields}
    reported_elsewhere = find_needed_fields(layer, ctx) if any(r.code == "SCH002" for r in ctx.rules) else set()
    for template_field in layer.template.fields:
        actual_type = actual_types.get(template_field.name, "")
        if template_field.name in reported_elsewhere or is_type_compatible(actual_type, template_field.type):
            continue
        yield Finding(
            layer.role,
            field=template_field.name,
            case="type" if template_field.name in actual_types else "missing",
            severity=Severity.INFO if template_field.mark == "C" or template_field.constraint in ("C", "O") else None,
            params={"expected": template_field.type, "actual": actual_type, "alias": template_field.alias},
        )
    template_order = [f.name for f in layer.template.fields if f.name in actual_types]
    actual_order = [name for name in actual_types if name in set(template_order)]
    for actual_name, expected_name in zip(actual_order, template_order, strict=True):
        if actual_name != expected_name:
            yield Finding(
                layer.role,
                field=actual_name,
                case="order",
                severity=Severity.INFO if layer.template.fields_mark == "C" else None,
                params={"wanted": expected_name},
            )
            break
