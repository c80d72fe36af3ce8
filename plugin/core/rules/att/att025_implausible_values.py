# SPDX-License-Identifier: GPL-2.0-or-later
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.context import RuleContext, trim_code_padding
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.numbers import round_unlike_limit
from ...standard.template import TemplateField
from .._attributes import (
    CODE_SUFFIX,
    MAX_SHOWN_FIDS,
    NAME_SUFFIX,
    SMALL_SQUARE_WKT,
    VILLAGE_DIGITS,
    ValueProblem,
    label_code_of_field,
    make_example,
    make_findings_of_wrong_values,
    make_row_list_params,
    make_setting_error,
    read_setting_words,
    shorten_or_mask_value,
)

RESERVE_LAYER, FARMLAND_LAYER = {"layer": "ZRBHD"}, {"layer": "YJJBNTBHTB"}
CULTIVATED_LAYER, HERITAGE_LAYER = {"layer": "GDBHMB"}, {"layer": "LSWHBHX"}
#: Digits of a province in a division code.
PROVINCE_DIGITS = 2
#: Between spellings of one word, and between the numbers of a field.
SPELLING_SEPARATOR = "|"


@rule(
    "ATT025",
    "implausible-values",
    problem="A value is implausible",
    severity=Severity.WARNING,
    basis=["attribute-habits"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    uses=["attributes.name_words", "attributes.province_values", "attributes.rare_values", "attributes.differing_codes", "attributes.value_patterns", "attributes.largest_areas", "attributes.code_digits", "attributes.unfit_values", "attributes.reasoned_values", "attributes.remark_words", "attributes.negating_words"],
    messages={
        "area": "{layer} ({key}): the feature covers {area}; features of this layer are at most {limit} m² (the "
        "default of the plugin or a setting of the county). Compare its outline with the approved list, and correct "
        "it if it is wrong; if it is right, raise the limit under “largest plausible areas of features” "
        "[attributes.largest_areas] in the county's profile file.",
        "name": "{layer} ({key}): the name “{name}” has the word “{word}”, but {field} ({alias}) is “{value}”. Compare both "
        "with the document of approval, and correct the wrong one.",
        "province": "{layer}: {field} ({alias}) is {value}, which does not occur in this province; features: {count} "
        "({rows}{more}). Correct the value by the survey; if it is right, add the province under “values that occur "
        "in some provinces” [attributes.province_values] in the county's profile file.",
        "rare": "{layer}: {field} ({alias}) is {value} in {percent} % of the layer's area, but few features have this value "
        "(at most {limit} %); features: {count} ({rows}{more}). Compare it with the survey, and correct wrong values; if "
        "they are right, raise the share under “values that few features have” [attributes.rare_values] in the county's "
        "profile file.",
        "same_codes": "{layer}: {field} ({alias}) is {value}, but {first} and {second} name the same village; features: {count} "
        "({rows}{more}). Land with this value belongs to another village than that of its place. Correct the value or the "
        "codes by the survey.",
        "pattern": "{layer}: {field} ({alias}) does not have the form of such a value; features: {count} ({rows}{more}). Enter the "
        "complete value, for a telephone with its area code, or clear the field.",
        "unfit": "{layer}: {field} ({alias}) is “{value}”, but land with this value is no longer ploughed; features: {count} "
        "({rows}{more}; {area}). Compare them with the survey: correct a wrong value; if it is right, have its removal and replacement approved first.",
        "reason": "{layer}: {field} ({alias}) is “{value}”, so that the land is not stable cultivated land, but "
        "{first} has no reason for including it; features: {count} ({rows}{more}; {area}). Enter the reason of the "
        "approved result; without one, have its removal and replacement approved first.",
        "remark": "{layer}: {field} ({alias}) has the word “{word}” (“{value}”), which contradicts the layer; features: {count} "
        "({rows}{more}; {area}). Compare them with the approved result: clear remarks that no longer apply; if they are right, resolve what they state.",
        "digits": "{layer}: {field} ({alias}) has fewer than {expected} digits, such as “{value}”; features: {count} ({rows}{more}). "
        "Compare the codes with the land survey, and append the zeros that are missing at their end.",
    },
    fails=[
        RuleExample("a building as large as a quarter", {"layer": ["POLYGON ((0 0, 200 0, 200 100, 0 100, 0 0))"]}, finds=1, roles={"layer": "LSJZM"}, areas=(20000.0,)),
        RuleExample("a national reserve of provincial level", make_example(feature_name="某山国家级自然保护区核心保护区", JB="省级"), finds=1, roles=RESERVE_LAYER),
        RuleExample("a park that is called a reserve", make_example(feature_name="某山省级森林公园", LX="自然保护区"), finds=1, roles=RESERVE_LAYER),
        RuleExample("level and kind", make_example(feature_name="某河国家湿地公园", LX="自然保护区", JB="市级"), finds=2, roles=RESERVE_LAYER),
        RuleExample("the name of a code", make_example(feature_name="某寺（省级文物保护单位）保护范围", JB="20"), finds=1, roles=HERITAGE_LAYER),
        RuleExample("black soil in the south", make_example(SFWHTD=1), finds=1, roles=CULTIVATED_LAYER, settings={"attributes.province_values": ["GDBHMB SFWHTD 1 23"]}),
        RuleExample("nothing but exclaves", make_example(FRDBS="1"), finds=1, roles=FARMLAND_LAYER),
        RuleExample("an exclave of its own village", {"layer": [{"wkt": SMALL_SQUARE_WKT, "FRDBS": "1", "QSDWDM": "1402251002010000000", "ZLDWDM": "1402251002010000000"},
                {"wkt": "POLYGON ((9 0, 900 0, 900 9, 9 9, 9 0))", "FRDBS": "0"}]}, finds=1, roles=FARMLAND_LAYER),
        RuleExample("a short telephone number", make_example(LXDH="12345"), finds=1, roles=FARMLAND_LAYER),
        RuleExample("codes of villages without their zeros", make_example(ZLDWDM="140225100201"), finds=1, roles=FARMLAND_LAYER),
        RuleExample("farmland planted with trees", make_example(ZZSXDM="GCHF", ZZSXMC="工程恢复"), finds=1, roles=FARMLAND_LAYER, areas=(81.0,)),
        RuleExample("fields in a river bed", make_example(TBXHDM="HDGD", WDGD="是"), finds=1, roles=FARMLAND_LAYER, areas=(81.0,)),
        RuleExample("unstable fields without a reason", make_example(WDGD="否"), finds=1, roles=FARMLAND_LAYER, areas=(81.0,)),
        RuleExample("a fish farm", make_example(BZ="实地已建养殖场，拟调出"), finds=1, roles=FARMLAND_LAYER, areas=(81.0,)),
        RuleExample("two planting attributes", {"layer": [{"wkt": SMALL_SQUARE_WKT, "ZZSXDM": code} for code in ("GCHF", "JKHF")]}, finds=2, roles=FARMLAND_LAYER, areas=(81.0, 81.0)),
        RuleExample("two words in remarks", {"layer": [{"wkt": SMALL_SQUARE_WKT, "BZ": text} for text in ("拟调出", "已建养殖场")]}, finds=2, roles=FARMLAND_LAYER, areas=(81.0, 81.0)),
        RuleExample("a name for a telephone number", make_example(LXDH="见备注"), finds=1, roles=FARMLAND_LAYER),
    ],
    passes=[
        RuleExample("a courtyard", {"layer": ["POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))"]}, roles={"layer": "LSJZM"}),
        RuleExample("a national reserve", make_example(feature_name="某山国家级自然保护区核心保护区", LX="自然保护区", JB="国家级"), roles=RESERVE_LAYER),
        RuleExample("a national park", make_example(feature_name="某国家公园", LX="国家公园", JB="国家级"), roles=RESERVE_LAYER),
        RuleExample("a park is a nature park", make_example(feature_name="某山国家森林公园", LX="自然公园（森林公园）", JB="国家级"), roles=RESERVE_LAYER),
        RuleExample("a name without a level", make_example(feature_name="某山自然保护区", JB="省级"), roles=RESERVE_LAYER),
        RuleExample("two names in one", make_example(feature_name="某山省级自然保护区（国家级风景名胜区）", LX="自然公园", JB="国家级"), roles=RESERVE_LAYER),
        RuleExample("a code that no list explains", make_example(feature_name="某山国家级自然保护区", LX="01", JB="1"), roles=RESERVE_LAYER),
        RuleExample("no black soil", make_example(SFWHTD=0), roles=CULTIVATED_LAYER, settings={"attributes.province_values": ["GDBHMB SFWHTD 1 23"]}),
        RuleExample("an exclave", {"layer": [{"wkt": SMALL_SQUARE_WKT, "FRDBS": "1", "QSDWDM": "1402231002010000000", "ZLDWDM": "1402251002010000000"},
                {"wkt": "POLYGON ((9 0, 900 0, 900 9, 9 9, 9 0))", "FRDBS": "0"}]}, roles=FARMLAND_LAYER),
        RuleExample("a complete code of a place", make_example(ZLDWDM="1402251002010000000", QSDWDM=None), roles=FARMLAND_LAYER),
        RuleExample("fields in a river bed with a reason", make_example(TBXHDM="HDGD", WDGD="否", FWDGDHRLY="堤外滩地，多年稳定耕种"), roles=FARMLAND_LAYER),
        RuleExample("remarks that fit", {"layer": [{"wkt": SMALL_SQUARE_WKT, "BZ": text} for text in ("已建成高标准农田", "未占用", "未被占用", "无违法占用", "占用补划", "不存在非农化", "未发现撂荒", "不调出", "禁止建房", None)]}, roles=FARMLAND_LAYER),
        RuleExample("fields that were not sown", make_example(ZZSXDM="WG", TBXHDM=None), roles=FARMLAND_LAYER),
        RuleExample("telephone numbers", {"layer": [{"wkt": SMALL_SQUARE_WKT, "LXDH": number} for number in
                ("13900000000", "0352-8320000", "(0352)8320000转802", "0352-8320000、13900000000", None)]}, roles=FARMLAND_LAYER),
    ],
)  # fmt: skip
def implausible_values(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Values agree with name and province, and have their form.

    What it checks
        Level and kind of nature reserves and heritage (`attributes.name_words`): if the name has one of the words, such
        as 国家级 or 森林公园, the field does not have another word of its line. Values that occur in some provinces only
        (`attributes.province_values`): 黑土地. Values that few features have (`attributes.rare_values`), and codes that
        differ for a value (`attributes.differing_codes`): the owner of an exclave (飞入地) is not of its place. The form
        of telephone numbers (`attributes.value_patterns`). Codes of places with fewer digits than the survey gives them
        (`attributes.code_digits`). Values that do not occur in a layer (`attributes.unfit_values`): farmland with a
        planting attribute of land that is no longer ploughed (工程恢复). Values that need a reason
        (`attributes.reasoned_values`): unstable cultivated land (稳定耕地 否, 河道耕地) without 非稳定耕地划入理由. Remarks with a word
        that contradicts the layer (`attributes.remark_words`), unless one of `attributes.negating_words` is before it.
        Features larger than a single building (`attributes.largest_areas`: 历史建筑). One finding for each field of a
        layer, for unfit values one for each value, for remarks for each word, for names and areas for each row.
    Why
        Tables count reserves by level and kind, and maps show them by name. A wrong level gives a reserve the rules of
        another one; with a wrong number, the person responsible for farmland cannot be reached.
    How to fix
        Compare name and field with the document of approval, and correct the wrong one. Enter complete numbers.
    Limits
        A field that is a code without a list, or that has none of the words, is not compared; with a list, the name of
        its code is. A remark may have a word in another sense; whether a reason is sufficient is not judged. Which of
        the two is right is unknown. The settings are of mark C. Runs by default for a whole county (scope county), else
        if the rule or its group attributes is selected.
    """
    result = RuleResult(is_applicable=False)
    has_names = layer.has_field("feature_name")
    for template_field, *groups in _read_lines_of_layer(layer, ctx, "name_words", 3) if has_names else ():
        result.add_applicable(_report_other_words_than_in_name(layer, template_field, groups, ctx))
    province = ctx.plan.area_code[:PROVINCE_DIGITS]
    for template_field, value, *provinces in _read_lines_of_layer(layer, ctx, "province_values", 3) if province else ():
        result.is_applicable = True
        is_impossible = np.array(layer.get_texts_by_name(template_field.name), dtype=object) == value
        if province not in provinces:
            result.findings += _report_rows(layer, template_field, is_impossible, "province", value, ctx)
    is_polygon = layer.template.geometry == "polygon"
    for template_field, value, limit in (
        _read_lines_of_layer(layer, ctx, "rare_values", 4, 4, number_at=3) if is_polygon else ()
    ):
        result.add_applicable(_report_frequent_value(layer, template_field, value, float(limit), ctx))
    for template_field, value, *codes in _read_lines_of_layer(layer, ctx, "differing_codes", 5, 5):
        if all(layer.get_column_by_name(code) is not None for code in codes):
            result.add_applicable(_report_equal_codes(layer, template_field, value, codes, ctx))
    for template_field, pattern, *_ in _read_lines_of_layer(layer, ctx, "value_patterns", 3):
        result.is_applicable = True
        has_other_form = _find_values_without_pattern(layer.get_texts_by_name(template_field.name), pattern, ctx)
        result.findings += _report_rows(layer, template_field, has_other_form, "pattern", "", ctx)
    _report_values_against_layer(layer, result, ctx)
    for name, digits in read_setting_words(ctx.norm, "attributes.code_digits", 2, 2, number_at=1):
        template_field = _find_declared_field(layer, layer.role, name)
        if template_field is not None:
            result.add_applicable(_report_short_codes(layer, template_field, int(float(digits)), ctx))
    for role, limit in read_setting_words(ctx.norm, "attributes.largest_areas", 2, 2, number_at=1):
        if role == layer.role and is_polygon:
            limit_m2 = float(limit)
            areas = np.nan_to_num(layer.statutory)
            result.add_applicable(
                [
                    ctx.make_row_finding(
                        layer,
                        row,
                        case="area",
                        params={"limit": limit_m2},
                        geometry=layer.plane_shapes[row],
                        area_m2=float(areas[row]),
                    )
                    for row in np.flatnonzero(areas > limit_m2).tolist()
                ]
            )
    return result


def _report_values_against_layer(layer: Layer, result: RuleResult, ctx: RuleContext) -> None:
    """Add findings on values that do not suit a layer, values without the needed reason, and contradicting remarks.

    For unfit values and missing reasons, a row is reported once, by the first field of the setting.
    """
    is_reported = np.zeros(len(layer), dtype=bool)
    names_by_field = {
        name: values
        for role, name, *values in read_setting_words(ctx.norm, "attributes.unfit_values", 3)
        if role == layer.role
    }
    for template_field, *values in _read_lines_of_layer(layer, ctx, "unfit_values", 3):
        name = template_field.name
        result.is_applicable = True
        texts = layer.get_texts_by_name(name)
        rows = np.isin(texts, values) & ~is_reported
        names = names_by_field.get(f"{name.removesuffix(CODE_SUFFIX)}{NAME_SUFFIX}", [])
        for finding, value in _report_unfit_rows(layer, template_field, rows, texts, "unfit", ctx):
            if name.endswith(CODE_SUFFIX) and len(names) == len(values):
                finding.params["shown"]["value"] = f"{value} {names[values.index(value)]}"
            result.findings.append(finding)
        is_reported |= rows
    is_reported = np.zeros(len(layer), dtype=bool)
    for role, reason_name, name, *values in read_setting_words(ctx.norm, "attributes.reasoned_values", 3):
        template_field = _find_declared_field(layer, role, name)
        if template_field is not None:
            result.is_applicable = True
            texts = layer.get_texts_by_name(name)
            rows = np.isin(texts, values) & ~is_reported
            if layer.get_column_by_name(reason_name) is not None:
                rows &= np.array(layer.get_texts_by_name(reason_name), dtype=object) == ""
            for finding, _ in _report_unfit_rows(layer, template_field, rows, texts, "reason", ctx):
                finding.params["first"] = reason_name
                finding.params["shown"]["first"] = _label_field(layer, reason_name)
                result.findings.append(finding)
            is_reported |= rows
    for template_field, *words in _read_lines_of_layer(layer, ctx, "remark_words", 3):
        if not template_field.personal:
            result.is_applicable = True
            texts = layer.get_texts_by_name(template_field.name)
            word_by_text = {text: _find_contradicting_word(text, words, ctx) for text in dict.fromkeys(texts)}
            found_words = [word_by_text[text] for text in texts]
            rows = np.array(found_words, dtype=object) != ""
            for finding, word in _report_unfit_rows(layer, template_field, rows, found_words, "remark", ctx):
                finding.params["word"] = word
                result.findings.append(finding)


def _find_contradicting_word(text: str, words: list[str], ctx: RuleContext) -> str:
    """Return the first of the words that a remark has without a negation before it; empty if it has none."""
    negations = tuple(ctx.norm.get("attributes.negating_words"))
    for word in words:
        start = text.find(word)
        while start >= 0:
            if not text[:start].endswith(negations):
                return word
            start = text.find(word, start + 1)
    return ""


def _report_unfit_rows(
    layer: Layer, template_field: TemplateField, is_unfit: NDArray, reasons: Sequence[str], case: str, ctx: RuleContext
) -> Iterator[tuple[Finding, str]]:
    """Yield a finding on the rows of ``is_unfit``, (n,) bool, for each of their ``reasons``, (n,), with this reason."""
    texts = layer.get_texts_by_name(template_field.name)
    reason_of_row = np.array(reasons, dtype=object)
    for reason in sorted(set(reason_of_row[is_unfit])):
        has_reason = is_unfit & (reason_of_row == reason)
        rows = layer.sort_rows(np.flatnonzero(has_reason))
        finding = _make_field_finding(layer, template_field, has_reason, case, texts[rows[0]], ctx)
        if layer.template.geometry == "polygon":
            finding.area_m2 = float(np.nansum(layer.measure_rows(rows)))
        yield finding, reason


def _find_declared_field(layer: Layer, role: str, name: str) -> TemplateField | None:
    """Return the template's field of a setting's line; None for another layer, or if the layer lacks the field."""
    return (
        layer.template.find_field_by_name(name)
        if role == layer.role and layer.get_column_by_name(name) is not None
        else None
    )


def _read_lines_of_layer(layer: Layer, ctx: RuleContext, setting: str, *counts: int, **options: int) -> Iterator[Any]:
    """Yield the field and the further words of each line of a setting on a field that the layer has.

    ``setting``: its key in `attributes`; ``counts``, ``options``: as for `read_setting_words`.
    """
    for role, name, *words in read_setting_words(ctx.norm, f"attributes.{setting}", *counts, **options):
        template_field = _find_declared_field(layer, role, name)
        if template_field is not None:
            yield template_field, *words


def _report_frequent_value(
    layer: Layer, template_field: TemplateField, value: str, limit: float, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield a finding if more than a share ``limit`` of the layer's area has a value that few features have."""
    areas = layer.plane_areas
    has_value = np.array(layer.get_texts_by_name(template_field.name), dtype=object) == value
    share = float(areas[has_value].sum() / areas.sum()) if areas.sum() > 0 else 0.0
    if share > limit:
        finding = _make_field_finding(layer, template_field, has_value, "rare", value, ctx)
        finding.params |= {"percent": round_unlike_limit(100 * share, 100 * limit), "limit": round(100 * limit, 2)}
        yield finding


def _report_equal_codes(
    layer: Layer, template_field: TemplateField, value: str, codes: list[str], ctx: RuleContext
) -> Iterator[Finding]:
    """Yield a finding on rows with a value for which two code fields must name different villages, but name the same.

    ``codes``: names of the two code fields.
    """
    first, second = (
        np.array([text[:VILLAGE_DIGITS] for text in layer.get_texts_by_name(code)], dtype=object) for code in codes
    )
    has_value = np.array(layer.get_texts_by_name(template_field.name), dtype=object) == value
    is_same = has_value & (first == second) & (first != "")
    if is_same.any():
        finding = _make_field_finding(layer, template_field, is_same, "same_codes", value, ctx)
        finding.params |= {"first": codes[0], "second": codes[1]}
        finding.params["shown"] |= {"first": _label_field(layer, codes[0]), "second": _label_field(layer, codes[1])}
        yield finding


def _report_other_words_than_in_name(
    layer: Layer, template_field: TemplateField, groups: list[str], ctx: RuleContext
) -> Iterator[Finding]:
    """Return a finding for each row whose field has the word of another group than its name.

    ``groups``: words that exclude each other; spellings of one word are joined with ``|``.
    """
    spellings = [group.split(SPELLING_SEPARATOR) for group in groups]
    codes = ctx.get_code_list(template_field.codes).entry_by_code if template_field.codes else {}

    def judge(pair: tuple[str, str]) -> ValueProblem | None:
        name, value = pair
        entry = codes.get(trim_code_padding(value, template_field.code_pad))
        label = value if entry is None else entry.name
        in_name, in_field = (
            {n for n, group_words in enumerate(spellings) if any(w in text for w in group_words)}
            for text in (name, label)
        )
        if not in_name or not in_field or in_name & in_field:
            return None
        params = {
            "name": name,
            "word": next(w for w in spellings[min(in_name)] if w in name),
            "value": value,
            "alias": template_field.alias,
        }
        return ValueProblem("name", params if label == value else {**params, "shown": {"value": f"{value} {label}"}})

    pairs = list(zip(layer.text("feature_name"), layer.get_texts_by_name(template_field.name), strict=True))
    return make_findings_of_wrong_values(ctx, layer, template_field.name, pairs, judge)


def _find_values_without_pattern(values: list[str], pattern: str, ctx: RuleContext) -> NDArray:
    """Return (n,) bool: values, other than empty ones, that do not match a pattern completely."""
    try:
        expected_pattern = re.compile(pattern)
    except re.error as error:
        raise make_setting_error(ctx.norm, "attributes.value_patterns", pattern, str(error)) from error
    return np.array([bool(value) and not expected_pattern.fullmatch(value) for value in values], dtype=bool)


def _report_short_codes(
    layer: Layer, template_field: TemplateField, digits: int, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield a finding on codes with fewer than ``digits`` digits.

    It is for information only if all codes of the layer have one length.
    """
    codes = np.array(layer.get_texts_by_name(template_field.name), dtype=object)
    lengths = np.array([len(code) if code.isascii() and code.isdigit() else 0 for code in codes], dtype=int)
    is_short = (lengths > 0) & (lengths < digits)
    if not is_short.any():
        return
    first_code = str(codes[layer.sort_rows(np.flatnonzero(is_short))[0]])
    finding = _make_field_finding(layer, template_field, is_short, "digits", first_code, ctx)
    finding.params["expected"] = digits
    if len(np.unique(lengths[lengths > 0])) == 1:
        finding.severity = Severity.INFO
    yield finding


def _label_field(layer: Layer, name: str) -> str:
    """Return the name of a field with its Chinese name in brackets."""
    template_field = layer.template.find_field_by_name(name)
    return name if template_field is None or not template_field.alias else f"{name} ({template_field.alias})"


def _report_rows(
    layer: Layer, template_field: TemplateField, is_wrong: NDArray, case: str, value: str, ctx: RuleContext
) -> list[Finding]:
    """Return the finding on all rows of ``is_wrong``, (n,) bool, if there are any."""
    return [_make_field_finding(layer, template_field, is_wrong, case, value, ctx)] if is_wrong.any() else []


def _make_field_finding(
    layer: Layer, template_field: TemplateField, is_wrong: NDArray, case: str, value: str, ctx: RuleContext
) -> Finding:
    """Return the finding on all rows of ``is_wrong``, (n,) bool, with a wrong value in a field.

    ``value``: the wrong value for the message, empty if there are several.
    """
    rows = layer.sort_rows(np.flatnonzero(is_wrong))
    params = {"alias": template_field.alias, **make_row_list_params(layer, rows)}
    if value:
        params["value"] = shorten_or_mask_value(template_field, value)
        label = label_code_of_field(template_field, value, ctx)
        if label != value and not template_field.personal:
            params["shown"]["value"] = label
    return ctx.make_row_finding(
        layer,
        rows[0],
        case=case,
        field=template_field.name,
        params=params,
        geometry=ctx.geometry.unite_shapes(layer.plane_shapes[rows[:MAX_SHOWN_FIDS]]),
    )
