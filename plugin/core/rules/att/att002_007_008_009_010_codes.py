# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on codes: in their list, padded alike, at the level that the list or the layer requires."""

from collections.abc import Collection, Iterator
from functools import partial

import numpy as np

from ...engine.context import RuleContext, trim_code_padding
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.texts import CodeListName
from ...standard.template import CodeList, TemplateField
from .._attributes import (
    CENTRE_ZONE_LAYER,
    PARCEL_LAYER,
    SMALL_SQUARE_WKT,
    ZONE_LAYER,
    ValueProblem,
    expand_words,
    explain_missing_fields,
    find_codes_with_subcodes,
    has_accepted_word,
    make_findings_of_wrong_values,
    make_row_list_params,
    read_setting_words,
)

#: Codes that a message lists, and the first characters of a code that give its class.
MAX_LISTED_CODES, CLASS_DIGITS = 12, 2


@rule(
    "ATT002",
    "unknown-code",
    problem="A code or a value is not in its list",
    local=True,
    severity=Severity.WARNING,
    basis=["county-db", "survey-2020"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    uses=["attributes.value_words", "attributes.layer_codes"],
    messages={
        "unknown": "{layer} ({key}): {field} = “{value}” is not in the {list}{listed}. Compare with {authority}, and change it to a code of the list; if "
        "the county's own list is longer, add a line to the file of the list (Data Dictionary in the locator bar, page of the list, "
        "shows where it is and how).",
        "unknown_zeros": "{layer} ({key}): {field} = “{value}” is not in the {list}: the code was stored as a number, which "
        "lost its leading zero; the list has “{restored}”. Write “{restored}” (Fix…), and keep codes in a text field.",
        "layer": "{layer} ({key}): {field} = “{value}” ({name}) is a code of other layers; this one has {expected}. "
        "Compare with {authority}: correct the code of a feature that belongs here, or move the feature to its layer.",
        "name": "{layer} ({key}): {field} is “{value}”, but the name of code {code} must be “{expected}”. Check the "
        "code first: if it is right, change the name to “{expected}”; if not, correct the code and the name.",
        "words": "{layer} ({key}): {field} = “{value}” has none of the words that this field uses: {expected}. "
        "Compare it with {authority}, and correct it; if the county uses another word, add it to “words of fields "
        "without a code list” [attributes.value_words] in the county's profile file.",
    },
    fails=[
        RuleExample("no such code", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0999"}]}, finds=1, roles={"layer": "DLTB"}),
        RuleExample("another name", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0103", "land_use_name": "水田"}]}, finds=1,
                roles={"layer": "DLTB"}),
        RuleExample("a mine among the flood lines", {"layer": [{"wkt": SMALL_SQUARE_WKT, "feature_kind": "12"}]}, finds=1, roles={"layer": "HLFXKZX"}),
        RuleExample("a red line for building", {"layer": [{"wkt": SMALL_SQUARE_WKT, "LHLX": "城镇建设"}]}, finds=1, roles={"layer": "STBHHX"}),
    ],
    passes=[
        RuleExample("a lake among the flood lines", {"layer": [{"wkt": SMALL_SQUARE_WKT, "feature_kind": "21"}]}, roles={"layer": "HLFXKZX"}),
        RuleExample("grades of an evaluation", {"layer": [{"wkt": SMALL_SQUARE_WKT, "feature_name": "适宜"}, {"wkt": SMALL_SQUARE_WKT, "feature_name": "不适宜"}]}, roles={"layer": "CZJSSYXPJJG"}),
        RuleExample("a code instead of a word", {"layer": [{"wkt": SMALL_SQUARE_WKT, "feature_kind": "01"}]}, roles={"layer": "XZZTGNDW"}),
        RuleExample("in the list", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0103", "land_use_name": "旱地"}]}, roles={"layer": "DLTB"}),
        RuleExample("blank is another rule's", {"layer": [{"wkt": SMALL_SQUARE_WKT, "urban_code": None}]}, roles={"layer": "DLTB"}),
        RuleExample("padded to six digits", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "010300"}]}, roles={"layer": "XZYDYH"}),
    ],
)  # fmt: skip
def unknown_code(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Codes are in their list and agree with their names.

    What it checks
        Every filled field with a code list: the code is in the list, and among those of this layer
        (`attributes.layer_codes`), and the field with the code's name has the list's name. Text fields without a code
        list (`attributes.value_words`: kind of red line, grades of evaluations, main function): the value contains
        one of the words listed for the field.
    Why
        Sums by class, symbols and every rule that selects rows by code depend on it.
    How to fix
        Correct the code or the name. If the county's own list is longer, add a line to the file of the list (menu Data
        Dictionary, page of the list, shows where it is and how).
    Limits
        Blank codes are not checked. The list of 规划分区 codes is marked C until a county confirms it. So are the
        words; values without any Chinese character are codes of an unknown list, and not compared with words.
    """
    result = RuleResult(is_applicable=False)
    for template_field in layer.template.fields:
        if not template_field.codes or layer.get_column_by_name(template_field.name) is None:
            continue
        result.is_applicable = True
        written_codes = layer.get_texts_by_name(template_field.name)
        if not any(written_codes):
            continue
        result.unconfirmed.append(f"codes.{template_field.codes}")
        code_list = ctx.get_code_list(template_field.codes)
        accepted_codes = ctx.norm.get_accepted_codes_of_field(layer.template, template_field)
        pairs = list(zip(written_codes, layer.get_texts_by_name(template_field.code_name), strict=True))
        judge = partial(
            _find_code_problem, template_field=template_field, code_list=code_list, accepted_codes=accepted_codes
        )
        for finding in make_findings_of_wrong_values(ctx, layer, template_field.name, pairs, judge):
            if finding.case == "name":
                finding.field = template_field.code_name
            result.findings.append(finding)
    for role, field, *words_or_settings in read_setting_words(ctx.norm, "attributes.value_words", 3):
        if role != layer.role or layer.get_column_by_name(field) is None:
            continue
        result.is_applicable = True
        accepted_words = expand_words(ctx.norm, words_or_settings)

        def find_word_problem(value: str, accepted_words: list[str] = accepted_words) -> ValueProblem | None:
            if has_accepted_word(value, accepted_words):
                return None
            return ValueProblem("words", {"value": value, "expected": "、".join(accepted_words)})

        result.findings += make_findings_of_wrong_values(
            ctx, layer, field, layer.get_texts_by_name(field), find_word_problem
        )
    return result


def _find_code_problem(
    pair: tuple[str, str],
    *,
    template_field: TemplateField,
    code_list: CodeList,
    accepted_codes: Collection[str],
) -> ValueProblem | None:
    """Return the problem of a code and its name: an unknown code, another name, or a code of another layer."""
    written_code, name = pair
    codes = code_list.entry_by_code
    code = trim_code_padding(written_code, template_field.code_pad)
    if not written_code:
        return None
    if code not in codes:
        restored_code = code_list.restore_leading_zeros(written_code, template_field.code_pad)
        # All codes of a short list, else those of the class of the code.
        similar_codes = sorted(one for one in codes if one[:CLASS_DIGITS] == code[:CLASS_DIGITS])
        listed_codes = next((one for one in (list(codes), similar_codes) if len(one) <= MAX_LISTED_CODES), [])
        return ValueProblem(
            "unknown",
            {
                "problem": "unknown",
                "value": written_code,
                "expected": template_field.codes,
                "list": CodeListName(template_field.codes),
                "shown": {"variant": "zeros", "restored": restored_code}
                if restored_code
                else {"codes": [f"{one} {codes[one].name}" for one in listed_codes]},
            },
        )
    if name and name != codes[code].name:
        return ValueProblem(
            "name", {"problem": "name", "value": name, "expected": codes[code].name, "code": written_code}
        )
    if not accepted_codes or code in accepted_codes:
        return None
    heads = [one for one in accepted_codes if codes[one].parent not in accepted_codes]
    return ValueProblem(
        "layer",
        {
            "problem": "layer",
            "value": written_code,
            "name": codes[code].name,
            "expected": "、".join(f"{one} {codes[one].name}" for one in sorted(heads)),
        },
    )


@rule(
    "ATT007",
    "feature-code",
    problem="A feature code does not match its layer",
    local=True,
    partly_local=True,
    severity=Severity.WARNING,
    basis=["A2"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    uses=["attributes.doubtful_feature_codes"],
    messages={
        "other": "{layer} ({key}): {field} = “{value}”, but the standard requires {expected} in every feature of "
        "this layer. Change the feature code to {expected}; if the feature belongs to another layer, move it there.",
        "blank": "{layer} ({key}): {field} is empty, but the standard requires {expected} in every feature of this "
        "layer. Fill in {expected}.",
        "unknown": "{layer}: {field} is empty in {count} features, and neither the standard nor the county profile has "
        "the code of this layer. Enter it in the county profile (feature codes), from a delivered database or from "
        "the receiving office; then fill the field.",
        "mixed": "{layer}: {field} has several codes ({codes}), but all features of a layer have the same one. Neither "
        "the standard nor the county profile has the code of this layer: enter it in the county profile (feature "
        "codes), and correct the other features.",
    },
    fails=[
        RuleExample(
            "another layer's",
            {"layer": [{"wkt": SMALL_SQUARE_WKT, "feature_code": "2090020227"}]},
            finds=1,
            roles=ZONE_LAYER,
        ),
        RuleExample("empty", {"layer": [{"wkt": SMALL_SQUARE_WKT, "feature_code": None}]}, finds=1, roles=ZONE_LAYER),
        RuleExample(
            "empty, without a known code", {"layer": [{"wkt": SMALL_SQUARE_WKT, "feature_code": None}]}, finds=1
        ),
        RuleExample(
            "two codes, none of them known",
            {"layer": [{"wkt": SMALL_SQUARE_WKT, "feature_code": code} for code in ("1", "2")]},
            finds=1,
        ),
    ],
    passes=[
        RuleExample(
            "the layer's own", {"layer": [{"wkt": SMALL_SQUARE_WKT, "feature_code": "2090020610"}]}, roles=ZONE_LAYER
        ),
        RuleExample("a layer whose code is not known", {"layer": [{"wkt": SMALL_SQUARE_WKT, "feature_code": "1"}]}),
    ],
)
def feature_code(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """YSDM is the layer's code on every feature.

    What it checks
        要素代码 (YSDM) is filled and is the code that the template or the county profile gives for the layer. A layer
        whose code neither of them has is named if the field is empty or has several codes.
    Why
        The receiving side sorts features by this code, whatever their table.
    How to fix
        Fill the field of the whole layer with the code in the message. Where the code is unknown, enter it in the
        county profile.
    Limits
        The standard has the code of about fifteen layers; a code is never invented. A layer without a known code, and
        codes that the source itself doubts (`attributes.doubtful_feature_codes`: 蓝线 has the code of 紫线), are only
        information. Runs by default for a whole county (scope county), else if the rule or its group attributes is
        selected.
    """
    expected = layer.template.feature_code
    has_field = layer.has_field("feature_code")
    result = RuleResult(is_applicable=bool(expected) or has_field)
    if not expected:
        if has_field and not ctx.is_edit_check:
            result.findings += _report_layer_without_known_code(layer, ctx)
        return result
    if not has_field:
        result.not_checked.append(explain_missing_fields(layer, "feature_code"))
        return result
    doubtful = (layer.template.base or layer.role) in ctx.norm.get("attributes.doubtful_feature_codes")
    severity = Severity.INFO if doubtful else None

    def find_code_problem(code: str) -> ValueProblem | None:
        if code == expected:
            return None
        return ValueProblem("other" if code else "blank", {"value": code, "expected": expected}, severity)

    result.findings += make_findings_of_wrong_values(
        ctx, layer, layer.get_field_name("feature_code"), layer.text("feature_code"), find_code_problem
    )
    return result


def _report_layer_without_known_code(layer: Layer, ctx: RuleContext) -> Iterator[Finding]:
    """Yield a note on a layer whose 要素代码 is unknown, if it is empty, and if it has several codes."""
    codes = np.array(layer.text("feature_code"), dtype=object)
    has_several_codes = len(set(codes.tolist()) - {""}) > 1
    for case, is_named in (("unknown", codes == ""), ("mixed", (codes != "") & has_several_codes)):
        if rows := layer.sort_rows(np.flatnonzero(is_named)):
            # Without a row: an edit of any row leaves the note on the layer.
            yield Finding(
                layer.role,
                field=layer.get_field_name("feature_code"),
                case=case,
                severity=Severity.INFO,
                params={
                    "codes": ", ".join(sorted(set(codes[rows].tolist()))[:MAX_LISTED_CODES]),
                    **make_row_list_params(layer, rows),
                },
            )


LAND_USE_LAYER = {"layer": "XZYDYH"}


@rule(
    "ATT008",
    "code-padding",
    problem="A land-use code has fewer than six digits",
    local=True,
    severity=Severity.WARNING,
    basis=["A4"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer} ({key}): {field} = “{value}”, but the code must be padded with 0 to the field's full length (digits: {count}). Write {expected}.",
    },
    fails=[
        RuleExample(
            "four digits", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0103"}]}, finds=1, roles=LAND_USE_LAYER
        )
    ],
    passes=[
        RuleExample("six digits", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "010300"}]}, roles=LAND_USE_LAYER),
        RuleExample(
            "not in the list is ATT002's",
            {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0999"}]},
            roles=LAND_USE_LAYER,
        ),
        RuleExample(
            "a field without padding",
            {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0103"}]},
            roles={"layer": "DLTB"},
        ),
    ],
)
def code_padding(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Land-use codes have six digits.

    What it checks
        用地用海分类代码 (YDYHFLDM), and every other field with padding in its template, is padded with zeros to its
        full number of digits: 耕地 is 010000, 旱地 010300.
    Why
        Tables join codes with the official list as text; 0103 and 010300 would be two classes of a table.
    How to fix
        Append zeros up to the full length, in the field calculator: rpad("YDYHFLDM", 6, '0').
    Limits
        Blank codes are not checked. ATT002 checks whether the code is in the list and agrees with its name. Does not
        run by default: select the rule or its group attributes.
    """
    result = RuleResult(is_applicable=False)
    for template_field in layer.template.fields:
        is_padded = template_field.codes and template_field.code_pad
        if not is_padded or layer.get_column_by_name(template_field.name) is None:
            continue
        result.is_applicable = True
        entry_by_code, pad = ctx.get_code_list(template_field.codes).entry_by_code, template_field.code_pad

        def find_padding_problem(code: str, entry_by_code: dict = entry_by_code, pad: int = pad) -> ValueProblem | None:
            if code not in entry_by_code or not code.isdigit() or len(code) >= pad:
                return None
            return ValueProblem(params={"value": code, "expected": code.ljust(pad, "0"), "count": pad})

        result.findings += make_findings_of_wrong_values(
            ctx, layer, template_field.name, layer.get_texts_by_name(template_field.name), find_padding_problem
        )
    return result


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
    fails=[RuleExample("the class only", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "01"}]}, finds=1, roles=PARCEL_LAYER)],
    passes=[
        RuleExample("the finest code", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0103"}]}, roles=PARCEL_LAYER),
        RuleExample("a list whose classes may be used", {"layer": [{"wkt": SMALL_SQUARE_WKT, "zone_code": "400"}]}, roles={"layer": "YDYHGHFQ"}),
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
    leaf_lists = ctx.norm.get("attributes.leaf_lists")
    for template_field in layer.template.fields:
        if template_field.codes not in leaf_lists or layer.get_column_by_name(template_field.name) is None:
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
            return ValueProblem(
                params={
                    "value": written_code,
                    "name": codes.entry_by_code[code].name,
                    "list": CodeListName(codes.id),
                    "count": len(finer_codes),
                    "codes": finer_codes[:3],
                    "more": " …" if len(finer_codes) > 3 else "",
                    "shown": {"codes": [f"{code} {codes.entry_by_code[code].name}" for code in finer_codes]},
                }
            )

        result.findings += make_findings_of_wrong_values(
            ctx, layer, template_field.name, layer.get_texts_by_name(template_field.name), find_parent_code
        )
    return result


#: 二级: 分区 below 一级 (400 城镇发展区 → 410 城镇集中建设区).
SECOND_LEVEL = 2


@rule(
    "ATT010",
    "centre-zone-level",
    problem="A zone of the central urban area has a first-level code",
    local=True,
    severity=Severity.WARNING,
    basis=["A5"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer} ({key}): {field} = “{value}” ({name}) is a zone of level one; the central urban area requires "
        "codes of level two or finer{listed}. Enter the finer code of the approved zones of the centre, and correct "
        "the name; divide a feature that has several of them first.",
    },
    fails=[
        RuleExample(
            "level one", {"layer": [{"wkt": SMALL_SQUARE_WKT, "zone_code": "400"}]}, finds=1, roles=CENTRE_ZONE_LAYER
        )
    ],
    passes=[
        RuleExample("level two", {"layer": [{"wkt": SMALL_SQUARE_WKT, "zone_code": "420"}]}, roles=CENTRE_ZONE_LAYER),
        RuleExample("level three", {"layer": [{"wkt": SMALL_SQUARE_WKT, "zone_code": "411"}]}, roles=CENTRE_ZONE_LAYER),
        RuleExample(
            "a class without finer zones",
            {"layer": [{"wkt": SMALL_SQUARE_WKT, "zone_code": "300"}]},
            roles=CENTRE_ZONE_LAYER,
        ),
        RuleExample(
            "the county's zones",
            {"layer": [{"wkt": SMALL_SQUARE_WKT, "zone_code": "400"}]},
            roles={"layer": "YDYHGHFQ"},
        ),
    ],
)
def centre_zone_level(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Zones of the central urban area have codes of level two or finer.

    What it checks
        规划分区代码 in the zone layer of the 中心城区 (`attributes.centre_zone_layers`) is of 二级 or finer.
    Why
        The county plan uses level one, the central urban area one level more; its control rules depend on the finer
        zone.
    How to fix
        Divide the zone, or replace its code and name by those of the finer zone.
    Limits
        A class without finer zones in the code list is accepted. The list of 规划分区 codes is marked C until a county
        confirms it. ATT020 checks that 管控指引 (GKZY) is filled. Does not run by default: select the rule or its group
        attributes.
    """
    centre = (layer.template.base or layer.role) in ctx.norm.get("attributes.centre_zone_layers")
    template_field = layer.template.find_field("zone_code") if centre else None
    result = RuleResult(is_applicable=template_field is not None)
    if template_field is None:
        return result
    if not layer.has_field("zone_code"):
        result.not_checked.append(explain_missing_fields(layer, "zone_code"))
        return result
    result.unconfirmed.append(f"codes.{template_field.codes}")
    codes = ctx.get_code_list(template_field.codes)
    parents = find_codes_with_subcodes(codes)

    def find_coarse_code(code: str) -> ValueProblem | None:
        if code not in parents or codes.entry_by_code[code].level >= SECOND_LEVEL:
            return None
        finer_codes = [c.code for c in codes.entry_by_code.values() if c.parent == code]
        return ValueProblem(
            params={
                "value": code,
                "name": codes.entry_by_code[code].name,
                "codes": finer_codes,
                "shown": {
                    "codes": [f"{finer_code} {codes.entry_by_code[finer_code].name}" for finer_code in finer_codes]
                },
            }
        )

    result.findings += make_findings_of_wrong_values(
        ctx, layer, template_field.name, layer.text("zone_code"), find_coarse_code
    )
    return result
