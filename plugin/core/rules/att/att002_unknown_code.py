# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Collection
from functools import partial

from ...engine.context import RuleContext, trim_code_padding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.codes import CodeEntry, CodeList
from ...standard.messages.texts import CodeListName
from ...standard.template import TemplateField
from .._attributes import (
    ValueProblem,
    find_wrong_rows,
    make_findings_of_wrong_values,
    make_value_finding,
    read_setting_words,
)

#: Codes that a message lists, and the first characters of a code that give its class.
MAX_LISTED_CODES, CLASS_DIGITS = 12, 2
SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"


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
        "the county's own list is longer, add a line to the file of the list (menu Data Dictionary, page of the list, "
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
        RuleExample("no such code", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0999"}]}, finds=1, roles={"layer": "DLTB"}),
        RuleExample("another name", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103", "land_use_name": "水田"}]}, finds=1,
                roles={"layer": "DLTB"}),
        RuleExample("a mine among the flood lines", {"layer": [{"wkt": SQUARE_WKT, "feature_kind": "12"}]}, finds=1, roles={"layer": "HLFXKZX"}),
        RuleExample("a red line for building", {"layer": [{"wkt": SQUARE_WKT, "LHLX": "城镇建设"}]}, finds=1, roles={"layer": "STBHHX"}),
    ],
    passes=[
        RuleExample("a lake among the flood lines", {"layer": [{"wkt": SQUARE_WKT, "feature_kind": "21"}]}, roles={"layer": "HLFXKZX"}),
        RuleExample("grades of an evaluation", {"layer": [{"wkt": SQUARE_WKT, "feature_name": "适宜"}, {"wkt": SQUARE_WKT, "feature_name": "不适宜"}]}, roles={"layer": "CZJSSYXPJJG"}),
        RuleExample("a code instead of a word", {"layer": [{"wkt": SQUARE_WKT, "feature_kind": "01"}]}, roles={"layer": "XZZTGNDW"}),
        RuleExample("in the list", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103", "land_use_name": "旱地"}]}, roles={"layer": "DLTB"}),
        RuleExample("blank is another rule's", {"layer": [{"wkt": SQUARE_WKT, "urban_code": None}]}, roles={"layer": "DLTB"}),
        RuleExample("padded to six digits", {"layer": [{"wkt": SQUARE_WKT, "land_use": "010300"}]}, roles={"layer": "XZYDYH"}),
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
        code_names = layer.get_texts_by_name(template_field.code_name)
        pairs = list(zip(written_codes, code_names, strict=True))
        judge = partial(
            _find_code_problem, template_field=template_field, code_list=code_list, accepted_codes=accepted_codes
        )
        for position, problem in find_wrong_rows(pairs, judge):
            field = template_field.code_name if problem.case == "name" else template_field.name
            result.findings.append(make_value_finding(ctx, layer, position, field, problem))
    for role, field, *words_or_settings in read_setting_words(ctx.norm, "attributes.value_words", 3):
        if role != layer.role or layer.get_column_by_name(field) is None:
            continue
        result.is_applicable = True
        accepted_words = [
            word for key in words_or_settings for word in (ctx.norm.get(key) if ctx.norm.has_setting(key) else [key])
        ]

        def find_word_problem(value: str, accepted_words: list[str] = accepted_words) -> ValueProblem | None:
            # Values without any Chinese character are codes of an unknown list.
            if value.isascii() or any(word in value for word in accepted_words):
                return None
            return ValueProblem("words", {"value": value, "expected": "、".join(accepted_words)})

        texts = layer.get_texts_by_name(field)
        result.findings += make_findings_of_wrong_values(ctx, layer, field, texts, find_word_problem)
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
        params = {
            "problem": "unknown",
            "value": written_code,
            "expected": template_field.codes,
            "list": CodeListName(template_field.codes),
            "shown": {"variant": "zeros", "restored": restored_code}
            if restored_code
            else {"codes": _list_similar_codes(codes, code)},
        }
        return ValueProblem("unknown", params)
    if name and name != codes[code].name:
        params = {"problem": "name", "value": name, "expected": codes[code].name, "code": written_code}
        return ValueProblem("name", params)
    if not accepted_codes or code in accepted_codes:
        return None
    heads = [one for one in accepted_codes if codes[one].parent not in accepted_codes]
    params = {
        "problem": "layer",
        "value": written_code,
        "name": codes[code].name,
        "expected": "、".join(f"{one} {codes[one].name}" for one in sorted(heads)),
    }
    return ValueProblem("layer", params)


def _list_similar_codes(codes: dict[str, CodeEntry], code: str) -> list[str]:
    """Return codes with their names as texts: all codes of a short list, else those of the class of ``code``.

    Empty if these are too many for a message.
    """
    similar = sorted(listed_code for listed_code in codes if listed_code[:CLASS_DIGITS] == code[:CLASS_DIGITS])
    listed_codes = next(
        (candidate_codes for candidate_codes in (list(codes), similar) if len(candidate_codes) <= MAX_LISTED_CODES), []
    )
    return [f"{listed_code} {codes[listed_code].name}" for listed_code in listed_codes]
