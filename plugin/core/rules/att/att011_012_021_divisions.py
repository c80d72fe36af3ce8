# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on codes and names of administrative divisions."""

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import (
    COUNTY_DIGITS,
    PARCEL_LAYER,
    SMALL_SQUARE_WKT,
    TOWNSHIP_DIGITS,
    VILLAGE_DIGITS,
    ZONE_LAYER,
    ValueProblem,
    find_plan_code_prefix,
    make_example,
    make_findings_of_wrong_values,
    make_row_list_params,
    make_value_finding,
    read_setting_words,
)

TOWNSHIP_LAYER = {"layer": "XZQXZ"}
#: Digits of the codes of a county, a township, and a township or village in the national statistical form.
CODE_LENGTHS = (6, 9, 12)


@rule(
    "ATT011",
    "division-code",
    problem="A division code is not of this county",
    local=True,
    severity=Severity.WARNING,
    basis=["A3"],
    needs={"layer": LayerNeed(EVERY_LAYER, fields=("division_code",))},
    messages={
        "form": "{layer} ({key}): {field} = “{value}” is not a division code (county 6 digits, township 9, village "
        "12). Sums by code would miss the feature. Enter the code of its division.",
        "county": "{layer} ({key}): {field} = “{value}” does not begin with {county} as codes of this plan do. First "
        "see where the feature is: correct the code if it is in the county, remove it if it is in the neighbour's.",
    },
    fails=[
        RuleExample(
            "another county's township",
            make_example(
                {"division_code": "140225100"}, {"division_code": "140225101"}, {"division_code": "140226100"}
            ),
            finds=1,
            roles=TOWNSHIP_LAYER,
        ),
        RuleExample(
            "the city's code",
            make_example({"division_code": "140225"}, {"division_code": "140225"}, {"division_code": "140200"}),
            finds=1,
        ),
        RuleExample(
            "a digit is missing",
            make_example({"division_code": "140225100"}, {"division_code": "14022510"}),
            finds=1,
            roles=TOWNSHIP_LAYER,
        ),
    ],
    passes=[
        RuleExample(
            "county and townships",
            make_example(
                {"division_code": "140225"}, {"division_code": "140225100"}, {"division_code": "140225100000"}
            ),
            roles=TOWNSHIP_LAYER,
        ),
        RuleExample(
            "blank is another rule's",
            make_example({"division_code": "140225"}, {"division_code": None}),
            roles=TOWNSHIP_LAYER,
        ),
        RuleExample(
            "counties of one city",
            make_example({"division_code": "140225"}, {"division_code": "140226"}),
            settings={"attributes.area_digits": 4},
        ),
    ],
)
def division_code(layer: Layer, *, ctx: RuleContext) -> list[Finding] | None:
    """Division codes belong to the county.

    What it checks
        行政区代码 (XZQDM) has 6, 9 or 12 digits and begins with the county's code.
    Why
        Tables by township join this code; a foreign or shortened code silently drops the row.
    How to fix
        Correct the code. Remove a neighbour's feature from the layer or transfer it.
    Limits
        The county is that of most rows; in a city's plan the first four digits are compared (`attributes.area_digits`).
        Blank codes are not checked; ATT012 checks whether the township exists and agrees with the name. Runs by default
        for a whole county (scope county), else if the rule or its group attributes is selected.
    """
    if not layer.has_field("division_code"):
        return None
    county_digits = find_plan_code_prefix(ctx)

    def find_code_problem(code: str) -> ValueProblem | None:
        params = {"value": code, "county": county_digits}
        if not code:
            return None
        if not (code.isascii() and code.isdigit() and len(code) in CODE_LENGTHS):
            return ValueProblem("form", params)
        return ValueProblem("county", params) if not code.startswith(county_digits) else None

    return list(
        make_findings_of_wrong_values(
            ctx, layer, layer.get_field_name("division_code"), layer.text("division_code"), find_code_problem
        )
    )


def _make_division_row(code: str, name: str | None) -> dict[str, str | None]:
    """Return the row of a division for an example."""
    return {"wkt": SMALL_SQUARE_WKT, "division_code": code, "division_name": name}


def _make_parcel_row(name: str) -> dict[str, str]:
    """Return a parcel whose place (坐落单位) has this name, for an example."""
    return {"wkt": SMALL_SQUARE_WKT, "ZLDWDM": "1402251002010000000", "ZLDWMC": name}


VILLAGE_ROWS = [_make_division_row("140225100201", "永安镇大庄村")]
TOWNSHIP_ROWS = [_make_division_row("140225100", "永安镇"), _make_division_row("140225101", "王庄堡镇")]


@rule(
    "ATT012",
    "division-name",
    problem="A division's name and code disagree",
    severity=Severity.WARNING,
    basis=["A3"],
    needs={
        "layer": LayerNeed(EVERY_LAYER, fields=("division_code", "division_name")),
        "townships": LayerNeed("townships", optional=True),
        "villages": LayerNeed("villages", optional=True),
    },
    uses=["attributes.place_pairs", "attributes.village_office_words", "attributes.upper_names"],
    messages={
        "name": "{layer} ({key}): {field} = “{value}”, but {code} is {expected}. Check the code first: if it is "
        "right, correct the name; if not, correct the code.",
        "village": "{layer}: {field} = “{value}” for code {code} (features: {count}, {rows}{more}), but "
        "{related_layer} names the village {expected}. Compare the village's name with the published list of "
        "divisions, and correct the layer that differs from it.",
        "upper": "{layer}: {field} = “{value}”, but the county of code {code} is in {expected}; features: {count} "
        "({rows}{more}). Check the code first: if it is right, correct the name; if not, correct the code.",
        "unknown": "{layer} ({key}): {field} = “{code}” is not among the townships of {source} ({count}). Compare "
        "with the published list of divisions: correct a wrong code; if it is right, add the township to the layer "
        "of townships.",
    },
    fails=[
        RuleExample("another county's name", {"layer": [_make_division_row("140225", "应县")]}, finds=1, roles=ZONE_LAYER),
        RuleExample("another township's name", {"townships": TOWNSHIP_ROWS, "layer": [_make_division_row("140225100", "王庄堡镇")]}, finds=1, roles=ZONE_LAYER),
        RuleExample("no such township", {"townships": TOWNSHIP_ROWS, "layer": [_make_division_row("140225199", "永安镇")]}, finds=1, roles=ZONE_LAYER),
        RuleExample("another village's name", {"villages": VILLAGE_ROWS, "layer": [_make_parcel_row("永安镇小庄村")]}, finds=1, roles=PARCEL_LAYER),
        RuleExample("a city that the county does not belong to", {"layer": [{"wkt": SMALL_SQUARE_WKT, "division_code": "140225", "division_name": "浑源县", "SJXZQMC": "忻州市"}] * 2}, finds=1,
                roles={"layer": "STBHHX"}),
    ],
    passes=[
        RuleExample("the city, with its province or alone", {"layer": [{"wkt": SMALL_SQUARE_WKT, "division_code": "140225", "division_name": "浑源县", "SJXZQMC": name} for name in
                ("大同市", "山西省大同市", "山西省", "大同", None)]}, roles={"layer": "STBHHX"}),
        RuleExample("the village with its office", {"villages": VILLAGE_ROWS, "layer": [_make_parcel_row("大庄村村民委员会")]}, roles=PARCEL_LAYER),
        RuleExample("one odd name is another rule's", {"villages": VILLAGE_ROWS, "layer": [*[_make_parcel_row("大庄村")] * 2, _make_parcel_row("小庄村")]}, roles=PARCEL_LAYER),
        RuleExample("county", {"layer": [_make_division_row("140225", "浑源县")]}, roles=ZONE_LAYER),
        RuleExample("county with its city", {"layer": [_make_division_row("140225", "大同市浑源县")]}, roles=ZONE_LAYER),
        RuleExample("township", {"townships": TOWNSHIP_ROWS, "layer": [_make_division_row("140225100000", "永安镇")]}, roles=ZONE_LAYER),
        RuleExample("blank", {"layer": [_make_division_row("140225", None)]}, roles=ZONE_LAYER),
        RuleExample("a village, which no list tells", {"townships": TOWNSHIP_ROWS, "layer": [_make_division_row("140225100201", "大庄村")]}, roles=ZONE_LAYER),
    ],
)  # fmt: skip
def division_name(layer: Layer, townships: Layer | None, villages: Layer | None, *, ctx: RuleContext) -> RuleResult:
    """Division names agree with their codes.

    What it checks
        Where both are filled: the name of a county's code is that of the division list (with or without the city's
        name before it); the code of a township is in the plan's township layer, and the name is that of the layer;
        the name of a place (坐落单位名称) agrees with the village layer for the same code; names of province, city and
        county (`attributes.upper_names`, mark C) are those to which the row's county, else that of the plan, belongs.
    Why
        Tables by township show the name but sum by the code; both must agree.
    How to fix
        Correct the name or the code; if the township layer is outdated (乡镇撤并), correct that layer first.
    Limits
        The division list is that of 2026 (mark B); codes that it lacks, such as earlier ones, are not checked. Townships
        are known from the plan's layer only, which this rule does not check. Of villages, the usual name of a code is compared,
        without words for its office (`attributes.village_office_words`, mark C): one name contains the other. ATT021
        reports further names of a code. Runs by default for a whole county (scope county), else if the rule or its
        group attributes is selected.
    """
    has_both_fields = layer.has_field("division_code") and layer.has_field("division_name")
    result = RuleResult(is_applicable=has_both_fields)
    if villages is not None and villages.role != layer.role:
        _report_village_names(layer, villages, result, ctx)
    _report_upper_names(layer, result, ctx)
    if not has_both_fields:
        return result
    divisions = ctx.get_code_list("divisions")
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
            lineage = [divisions.entry_by_code[c].name for c in divisions.list_code_and_parents(code)]
            accepted_names = {"".join(reversed(lineage[: n + 1])) for n in range(len(lineage))}
            expected = lineage[0] if lineage else ""
        elif len(code) >= TOWNSHIP_DIGITS and not code[TOWNSHIP_DIGITS:].strip("0") and township_names:
            if code[:TOWNSHIP_DIGITS] not in township_names:
                return ValueProblem("unknown", {"code": code, "count": len(township_names), "source": source})
            accepted_names, expected = (
                township_names[code[:TOWNSHIP_DIGITS]],
                min(township_names[code[:TOWNSHIP_DIGITS]]),
            )
        else:
            return None
        if not name or not accepted_names or name in accepted_names:
            return None
        return ValueProblem("name", {"value": name, "code": code, "expected": expected})

    pairs = list(zip(layer.text("division_code"), layer.text("division_name"), strict=True))
    for finding in make_findings_of_wrong_values(ctx, layer, name_field, pairs, find_division_problem):
        finding.field = code_field if finding.case == "unknown" else name_field
        result.findings.append(finding)
    return result


def _report_upper_names(layer: Layer, result: RuleResult, ctx: RuleContext) -> None:
    """Add a finding for each name of a province, city or county to which the rows' county does not belong.

    The county is that of a row's code, else the plan's.
    """
    counties = [code[:COUNTY_DIGITS] or ctx.plan.area_code for code in layer.text("division_code")]
    for role, field, *levels in read_setting_words(ctx.norm, "attributes.upper_names", 3):
        if role != layer.role or layer.get_column_by_name(field) is None:
            continue
        result.is_applicable = True
        pairs = list(zip(counties, layer.get_texts_by_name(field), strict=True))
        for county, name in dict.fromkeys(pairs):
            # The names of the divisions above the county, from the province down to each level; none for an unknown county.
            divisions = ctx.get_code_list("divisions")
            lineage_names = [
                divisions.entry_by_code[code].name for code in reversed(divisions.list_code_and_parents(county))
            ]
            if not lineage_names and (province := divisions.entry_by_code.get(f"{county[:2]}0000")):
                lineage_names = [province.name]
            names_by_level = {str(n + 1): lineage_names[: n + 1] for n in range(len(lineage_names))}
            expected = (
                {level: names_by_level[level] for level in reversed(levels) if level in names_by_level}
                if levels[-1] in names_by_level
                else {}
            )
            if name and expected and not any(_is_named(name, lineage_names) for lineage_names in expected.values()):
                positions = layer.sort_rows(n for n, pair in enumerate(pairs) if pair == (county, name))
                params = {"value": name, "code": county, "expected": next(iter(expected.values()))[-1]}
                problem = ValueProblem("upper", params | make_row_list_params(layer, positions))
                result.findings.append(make_value_finding(ctx, layer, positions[0], field, problem))


def _is_named(name: str, divisions: list[str]) -> bool:
    """Return True if a text is the name of the last of several divisions.

    ``divisions``: names from the highest division down, such as a province, a city and a county. The name may follow
    those of the divisions above it, and may lack its kind (县).
    """
    text = "".join(name.split())
    return text in {"".join(divisions[n:]) for n in range(len(divisions))} or text == divisions[-1][:-1]


def _report_village_names(layer: Layer, villages: Layer, result: RuleResult, ctx: RuleContext) -> None:
    """Add a finding for each code whose usual name is not that of the village layer."""
    office_words = list(ctx.norm.get("attributes.village_office_words"))
    row_by_code = {code[:VILLAGE_DIGITS]: row for row, code in enumerate(villages.text("division_code"))}
    village_names = villages.text("division_name")
    for code_field, name_field in _read_field_pairs(layer, "attributes.place_pairs", ctx):
        result.is_applicable = True
        codes = np.array(layer.get_texts_by_name(code_field), dtype=object)
        places = zip(codes.tolist(), layer.get_texts_by_name(name_field), strict=True)
        usual_names: dict[str, str] = {}
        counts = Counter((code, name) for code, name in places if code and name)
        for (code, name), _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            usual_names.setdefault(code, name)
        for code, name in usual_names.items():
            row = row_by_code.get(code[:VILLAGE_DIGITS]) if len(code) >= VILLAGE_DIGITS else None
            expected = village_names[row] if row is not None else ""
            one, other = (_remove_office_word(text, office_words) for text in (name, expected))
            if row is None or not expected or one in other or other in one:
                continue
            positions = layer.sort_rows(np.flatnonzero(codes == code))
            finding = make_value_finding(
                ctx,
                layer,
                positions[0],
                name_field,
                ValueProblem(
                    "village",
                    {"value": name, "code": code, "expected": expected, **make_row_list_params(layer, positions)},
                ),
            )
            finding.related_role, finding.related_keys = villages.role, [villages.keys[row]]
            result.findings.append(finding)


def _read_field_pairs(layer: Layer, setting: str, ctx: RuleContext) -> Iterator[tuple[str, str]]:
    """Yield those pairs of a code field and its name field in a setting that a layer has; no personal data."""
    for code_field, name_field in read_setting_words(ctx.norm, setting, 2, 2):
        template_field = layer.template.find_field_by_name(name_field)
        has_both = all(layer.get_column_by_name(name) is not None for name in (code_field, name_field))
        if has_both and template_field is not None and not template_field.personal:
            yield code_field, name_field


def _remove_office_word(name: str, office_words: list[str]) -> str:
    """Return a village's name without the word for its office.

    大庄村 for 大庄村民委员会, 大庄村村民委员会 and 大庄村委会.
    """
    name = "".join(name.split())
    for word in office_words:
        if name.endswith(word):
            name_stem, kind = name.removesuffix(word), word[0]
            return name_stem if kind != "村" or name_stem.endswith("村") else f"{name_stem}村"
    return name


def _read_township_names(townships: Layer) -> dict[str, set[str]]:
    """Return township code (nine digits) → the names of its rows in the township layer."""
    names_by_code: dict[str, set[str]] = {}
    for code, name in zip(townships.text("division_code"), townships.text("division_name"), strict=True):
        if len(code) >= TOWNSHIP_DIGITS and name:
            names_by_code.setdefault(code[:TOWNSHIP_DIGITS], set()).add(name)
    return names_by_code


def _make_plan_with_unit_names(*unit_names: str | None) -> dict[str, list[dict[str, str | None]]]:
    """Return the layers of an example: rows with one place code and these place names."""
    return {
        "layer": [{"wkt": SMALL_SQUARE_WKT, "ZLDWDM": "1402252022100000000", "ZLDWMC": name} for name in unit_names]
    }


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
    for code_field, name_field in _read_field_pairs(layer, "attributes.name_pairs", ctx):
        result.is_applicable = True
        rows_by_code: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for row, (row_code, row_name) in enumerate(
            zip(layer.get_texts_by_name(code_field), layer.get_texts_by_name(name_field), strict=True)
        ):
            if row_code and row_name:
                rows_by_code[row_code][row_name].append(row)
        for code, rows_by_name in rows_by_code.items():
            (expected, usual_count), *others = sorted(
                ((n, len(rows)) for n, rows in rows_by_name.items()), key=lambda n: (-n[1], n[0])
            )
            for name, _ in others:
                positions = layer.sort_rows(rows_by_name[name])
                params = {"value": name, "code": code, "expected": expected, "usual": usual_count}
                problem = ValueProblem(params={**params, **make_row_list_params(layer, positions)})
                result.findings.append(make_value_finding(ctx, layer, positions[0], name_field, problem))
    return result
