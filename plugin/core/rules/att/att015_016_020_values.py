# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on single values: readable texts, possible dates, values that must be filled in."""

import re
import unicodedata
from datetime import date
from functools import partial

import numpy as np

from ...base.files.cells import parse_date
from ...engine.context import RuleContext
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.template import TemplateField
from .._attributes import (
    CENTRE_ZONE_LAYER,
    PARCEL_LAYER,
    SMALL_SQUARE_WKT,
    ValueProblem,
    make_example,
    make_findings_of_wrong_values,
    make_value_finding,
    read_setting_words,
    shorten_or_mask_value,
)

#: Unicode categories that no name or code has: control and format characters, private use (lost rare characters), half
#: of a surrogate pair.
INVISIBLE_CATEGORIES = ("Cc", "Cf", "Co", "Cs")
#: The last two codes of each plane of Unicode, such as U+FFFE, are noncharacters.
_NONCHARACTER = 0xFFFE


@rule(
    "ATT015",
    "broken-text",
    problem="Text has broken or forbidden characters",
    local=True,
    severity=Severity.WARNING,
    basis=["attribute-habits"],
    uses=["attributes.forbidden_characters"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "garbled": "{layer} ({key}): {field} = “{value}” is garbled text, mostly because the source was read in a "
        "wrong encoding. Read the source again in the right encoding (such as GBK), and replace the value; if the "
        "source is garbled, too, fill in the value from {authority}.",
        "sign": "{layer} ({key}): {field} = “{value}” has the character {sign}, which is not allowed in attributes. Delete or replace it.",
    },
    fails=[
        RuleExample("UTF-8 read as GBK", make_example(ZLDWMC="鍩庨晣寤鸿鐢ㄥ湴"), finds=1, roles=PARCEL_LAYER),
        RuleExample("characters lost", make_example(ZLDWMC="大庄锟斤拷村"), finds=1, roles=PARCEL_LAYER),
        RuleExample("a line break", make_example(ZLDWMC="大庄\n村"), finds=1, roles=PARCEL_LAYER),
        RuleExample("an invisible character", make_example(ZLDWMC="大庄\u200b村"), finds=1, roles=PARCEL_LAYER),
        RuleExample("no character", make_example(ZLDWMC="大庄\ufffe村"), finds=1, roles=PARCEL_LAYER),
        RuleExample("question marks", make_example(ZLDWMC="??村"), finds=1, roles=PARCEL_LAYER),
    ],
    passes=[
        RuleExample("a name", make_example(ZLDWMC="驼峰乡大庄村（二组）"), roles=PARCEL_LAYER),
        RuleExample("a rare character", make_example(ZLDWMC="㙘𪨶村"), roles=PARCEL_LAYER),
        RuleExample(
            "the county allows it",
            make_example(ZLDWMC="??村"),
            roles=PARCEL_LAYER,
            settings={"attributes.forbidden_characters": []},
        ),
    ],
)
def broken_text(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Texts are legible and have no forbidden characters.

    What it checks
        Every text field of the template, row by row: garbled text (UTF-8 read as GBK, GBK read as Latin-1, lost
        characters); line breaks, tabs, invisible characters, characters of private use; and those of
        `attributes.forbidden_characters`.
    Why
        Garbled names cannot be repaired later; a line break or a quotation mark breaks exchange files and joins.
    How to fix
        Read garbled values from the source again in the right encoding (GBK or UTF-8). Delete the character, or
        replace it by the full-width one.
    Limits
        No source lists the forbidden printable characters: they are a setting of mark C. Blanks around a value are not
        checked. Personal data are not shown. One finding for each field and row, for its first error. Runs by default
        for a whole county (scope county), else if the rule or its group attributes is selected.
    """
    result = RuleResult(is_applicable=False)
    forbidden = frozenset(ctx.norm.get("attributes.forbidden_characters"))
    for template_field in layer.template.fields:
        values = layer.get_column_by_name(template_field.name) if template_field.type == "text" else None
        if values is None or values.dtype.kind in "iufbM":
            continue
        ctx.cancellation.raise_if_cancelled()
        result.is_applicable = True
        texts, garbled_texts = (
            layer.get_texts_by_name(template_field.name),
            layer.get_garbled_texts(template_field.name),
        )
        all_characters = "".join(set(texts))
        if not garbled_texts and (not all_characters or all_characters.isalnum()):
            # Keys and codes: no text is wrong.
            continue
        judge = partial(
            _find_text_problem, template_field=template_field, forbidden=forbidden, garbled_texts=garbled_texts
        )
        result.findings += make_findings_of_wrong_values(ctx, layer, template_field.name, texts, judge)
    return result


def _is_invisible(character: str) -> bool:
    """Return True for a character that no name or code has; not for one that is newer than Python's Unicode."""
    return unicodedata.category(character) in INVISIBLE_CATEGORIES or ord(character) & _NONCHARACTER == _NONCHARACTER


def _find_text_problem(
    text: str, *, template_field: TemplateField, forbidden: frozenset[str], garbled_texts: frozenset[str]
) -> ValueProblem | None:
    """Return what is wrong with a text of a field; None if nothing is."""
    if text in garbled_texts:
        return ValueProblem("garbled", {"value": shorten_or_mask_value(template_field, text)})
    # Text of letters, digits and Chinese characters only cannot have such characters.
    if text.isalnum():
        return None
    character = next((c for c in text if c in forbidden or _is_invisible(c)), "")
    if not character:
        return None
    value = "".join("·" if _is_invisible(c) else c for c in shorten_or_mask_value(template_field, text))
    number = f"U+{ord(character):04X}"
    return ValueProblem(
        "sign", {"value": value, "sign": number if _is_invisible(character) else f"{character} ({number})"}
    )


FARMLAND_LAYER = {"layer": "YJJBNTBHTB"}


@rule(
    "ATT016",
    "dates",
    problem="A date is unreadable or implausible",
    local=True,
    severity=Severity.WARNING,
    basis=["attribute-habits"],
    uses=["attributes.date_pairs", "attributes.survey_year", "rules.ATT016"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "form": "{layer} ({key}): {field} = “{value}” is not a date. Write it as 2025-10-01 (a year as 2025).",
        "future": "{layer} ({key}): {field} = “{value}” is in the future, probably a mistyped date. Correct it from "
        "its source.",
        "early": "{layer} ({key}): {field} = “{value}” is before {earliest}, probably a mistyped date. Correct it "
        "from its source.",
        "survey": "{layer} ({key}): {field} = “{value}” is before {earliest}, the year of the land survey that this standard's "
        "classes of land belong to. Use the current survey, or correct the year.",
        "ended": "{layer} ({key}): the protection ended on {field} = “{value}”. Enter the end date in force, or leave it blank if the protection continues.",
        "order": "{layer} ({key}): {field} = “{value}” is before {start_field} = “{start}”. Compare both dates with "
        "the document of approval, and correct the wrong one.",
    },
    fails=[
        RuleExample("no date", make_example(BHKSSJ="去年十月"), finds=1, roles=FARMLAND_LAYER),
        RuleExample("no such day", make_example(BHKSSJ="2025-02-30"), finds=1, roles=FARMLAND_LAYER),
        RuleExample("in the future", make_example(BHKSSJ="2999年1月1日"), finds=1, roles=FARMLAND_LAYER),
        RuleExample("a year before the survey existed", make_example(data_year=1020), finds=1, roles=FARMLAND_LAYER),
        RuleExample("a year of the survey before", make_example(data_year=2009), finds=1, roles=FARMLAND_LAYER),
        RuleExample("a year in the future", make_example(data_year=2999), finds=1, roles=FARMLAND_LAYER),
        RuleExample(
            "protection that has ended",
            make_example(BHKSSJ="2001-01-01", BHJSSJ="2019-12-31"),
            finds=1,
            roles=FARMLAND_LAYER,
        ),
        RuleExample(
            "ends before it begins",
            make_example(BHKSSJ="2025-10-01", BHJSSJ="2024-10-01"),
            finds=1,
            roles=FARMLAND_LAYER,
        ),
    ],
    passes=[
        RuleExample(
            "several ways of writing", make_example(BHKSSJ="2025/1/5", BHJSSJ="29990106"), roles=FARMLAND_LAYER
        ),
        RuleExample(
            "an end may lie ahead",
            make_example(BHKSSJ="2025-01-05", BHJSSJ="2999-12-31"),
            roles=FARMLAND_LAYER,
        ),
        RuleExample("years and blanks", make_example(data_year=2020, BHKSSJ=None), roles=FARMLAND_LAYER),
        RuleExample(
            "older by leave of the county",
            make_example(BHKSSJ="1930-01-01"),
            roles=FARMLAND_LAYER,
            parameters={"earliest_year": 1900},
        ),
        RuleExample(
            "a plan on the survey before",
            make_example(data_year=2009),
            roles=FARMLAND_LAYER,
            settings={"attributes.survey_year": 2009},
        ),
    ],
)
def dates(layer: Layer, *, ctx: RuleContext, earliest_year: float = 1949) -> RuleResult:
    """Dates are readable and plausible.

    What it checks
        Date fields, also dates stored as text, and 数据年份 (SJNF): a real date, not after today, not before
        `earliest_year`, and a year of data not before `attributes.survey_year`; of the pairs in `attributes.date_pairs`
        (保护开始时间, 保护结束时间) the end is neither before the start nor before today.
    Why
        Versions and the yearly maintenance are ordered by these dates; an unreadable date is lost in the exchange.
    How to fix
        Write the date as 2025-10-01, preferably into a date field; correct typing errors.
    Limits
        An end may be in the future. “Today” is the date of the computer. The earliest year, the year of the survey and
        the pairs are settings of mark C. Dates in other texts are not checked. Runs by default for a whole county
        (scope county), else if the rule or its group attributes is selected.
    """
    result = RuleResult(is_applicable=False)
    spans = read_setting_words(ctx.norm, "attributes.date_pairs", 2, 2)
    ends = {end for _, end in spans}
    texts_by_field: dict[str, list[str]] = {}
    for template_field in layer.template.fields:
        is_year = template_field.meaning == "data_year"
        values = layer.get_column_by_name(template_field.name) if is_year or template_field.type == "date" else None
        if values is None:
            continue
        result.is_applicable = True
        texts_by_field[template_field.name] = layer.get_texts_by_name(template_field.name)
        judge = partial(
            _find_date_problem,
            template_field=template_field,
            earliest=int(earliest_year),
            survey_year=int(ctx.norm.get("attributes.survey_year")) if is_year else 0,
            future_allowed=template_field.name in ends,
        )
        result.findings += make_findings_of_wrong_values(
            ctx, layer, template_field.name, texts_by_field[template_field.name], judge
        )
    for start, end in spans:
        end_field = layer.template.find_field_by_name(end)
        if end in texts_by_field and end_field is not None:
            result.findings += make_findings_of_wrong_values(
                ctx,
                layer,
                end,
                list(zip(texts_by_field.get(start) or [""] * len(layer), texts_by_field[end], strict=True)),
                partial(
                    _find_span_problem,
                    start_field=layer.template.find_field_by_name(start),
                    end_field=end_field,
                    earliest=int(earliest_year),
                ),
            )
    return result


def _find_date_problem(
    text: str, *, template_field: TemplateField, earliest: int, survey_year: int, future_allowed: bool
) -> ValueProblem | None:
    """Return what is wrong with a field's date or year; None if nothing is."""
    params = {"value": shorten_or_mask_value(template_field, text), "earliest": str(earliest)}
    if not text:
        return None
    today = date.today()
    if template_field.meaning == "data_year" and re.fullmatch(r"[0-9]{4}", text):
        year, is_future = int(text), int(text) > today.year
    else:
        day = parse_date(text)
        if day is None:
            return ValueProblem("form", params)
        year, is_future = day.year, day > today
    if is_future and not future_allowed:
        return ValueProblem("future", params)
    if year < earliest:
        return ValueProblem("early", params)
    return ValueProblem("survey", params | {"earliest": str(survey_year)}) if year < survey_year else None


def _find_span_problem(
    span: tuple[str, str], *, start_field: TemplateField | None, end_field: TemplateField, earliest: int
) -> ValueProblem | None:
    """Return what is wrong with a pair of start and end date; None if nothing is."""
    start, end = map(parse_date, span)
    if end is None:
        return None
    value = shorten_or_mask_value(end_field, span[1])
    if start is not None and start_field is not None and end < start:
        return ValueProblem(
            "order",
            {"start": shorten_or_mask_value(start_field, span[0]), "value": value, "start_field": start_field.name},
        )
    # An end before the earliest year has a separate finding.
    return ValueProblem("ended", {"value": value}) if end < date.today() and end.year >= earliest else None


RED_LINE_LAYER = {"layer": "STBHHX"}
COMPLETE_ROW = {"wkt": SMALL_SQUARE_WKT, "zone_code": "410", "zone_name": "城镇集中建设区", "GKZY": "控制建设强度"}


@rule(
    "ATT020",
    "required-values",
    problem="A field is empty or not filled in for good",
    local=True,
    severity=Severity.WARNING,
    basis=["county-db", "A5"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    uses=[
        "attributes.placeholder_words",
        "attributes.empty_words",
        "attributes.filled_codes",
        "attributes.filled_fields",
        "attributes.value_words",
    ],
    messages={
        "": "{layer} ({key}): {field} ({alias}) is empty, but the standard requires a value. Fill it in from "
        "{authority}.",
        "unfilled": "{layer} ({key}): {field} ({alias}) is empty, so that tables and searches by it leave the feature out. "
        "Fill in the value.",
        "placeholder": "{layer} ({key}): {field} ({alias}) is “{value}”, which marks a value that is not final. Fill in the "
        "final value, or clear the remark.",
    },
    fails=[
        RuleExample(
            "no control guidance", {"layer": [{**COMPLETE_ROW, "GKZY": None}]}, finds=1, roles=CENTRE_ZONE_LAYER
        ),
        RuleExample(
            "blanks only",
            {"layer": [{**COMPLETE_ROW, "GKZY": "  ", "zone_name": ""}]},
            finds=2,
            roles=CENTRE_ZONE_LAYER,
        ),
        RuleExample(
            "no division",
            {"layer": [{"wkt": SMALL_SQUARE_WKT, "division_code": None, "LHLX": "水源涵养"}]},
            finds=1,
            roles=RED_LINE_LAYER,
        ),
        RuleExample(
            "no kind, no name of the county",
            {"layer": [{"wkt": SMALL_SQUARE_WKT, "division_name": " ", "LHLX": None}]},
            finds=2,
            roles=RED_LINE_LAYER,
        ),
        RuleExample(
            "a dash for a name", {"layer": [{**COMPLETE_ROW, "zone_name": "—"}]}, finds=1, roles=CENTRE_ZONE_LAYER
        ),
        RuleExample("to be settled", {"layer": [{**COMPLETE_ROW, "BZ": "待定"}]}, finds=1, roles=CENTRE_ZONE_LAYER),
    ],
    passes=[
        RuleExample("no remark", {"layer": [{**COMPLETE_ROW, "BZ": "无"}]}, roles=CENTRE_ZONE_LAYER),
        RuleExample("a remark", {"layer": [{**COMPLETE_ROW, "BZ": "现状保留"}]}, roles=CENTRE_ZONE_LAYER),
        RuleExample("all filled", {"layer": [COMPLETE_ROW]}, roles=CENTRE_ZONE_LAYER),
        RuleExample("a field that may be empty", {"layer": [{**COMPLETE_ROW, "BZ": None}]}, roles=CENTRE_ZONE_LAYER),
    ],
)
def required_values(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Required fields are filled.

    What it checks
        Every field that the template marks as required (M) has a value on every row; 0 is a value, a blank is not. So
        have code and name of the division, the fields with a code list in `attributes.filled_codes`, apart from kinds
        (LX), the fields in `attributes.filled_fields` (year of the data, number), and the fields with words in
        `attributes.value_words`. Text fields without a code list have no word for a value that is still to come
        (`attributes.placeholder_words`); names and the fields above have no value that means an empty one
        (`attributes.empty_words`).
    Why
        The receiving side's first check rejects an empty required field; for zones of the 中心城区, 管控指引 (GKZY)
        is required.
    How to fix
        Fill in the value named in the message; the layer's form marks required fields.
    Limits
        Templates name few required fields so far, because most field tables were read without that column. SCH002
        reports a missing field, ATT001 a missing BSM, ATT007 a missing YSDM where the layer's code is known; an
        unverified field (mark C) is only information. The words are a setting of mark C; fields with personal data are
        not searched for them. Runs by default for a whole county (scope county), else if the rule or its group
        attributes is selected.
    """
    result = RuleResult(is_applicable=False)
    filled_codes = ctx.norm.get("attributes.filled_codes")
    filled_fields = ctx.norm.get("attributes.filled_fields")
    expected_names: set[str] = set()
    names_with_words = [
        name for role, name, *_ in read_setting_words(ctx.norm, "attributes.value_words", 3) if role == layer.role
    ]
    for template_field in layer.template.fields:
        is_checked_by_other_rule = template_field.meaning == "key" or (
            template_field.meaning == "feature_code" and layer.template.feature_code
        )
        is_required = template_field.constraint == "M"
        is_expected = (
            template_field.meaning in ("division_code", "division_name")
            or template_field.name in names_with_words
            or template_field.name in filled_fields
            or (
                bool(template_field.codes)
                and template_field.name in filled_codes
                and template_field.meaning != "feature_kind"
            )
        )
        if is_checked_by_other_rule or template_field.personal or not (is_required or is_expected):
            continue
        values = layer.get_column_by_name(template_field.name)
        if values is None:
            continue
        expected_names.add(template_field.name)
        result.is_applicable = True
        problem = ValueProblem(
            "" if is_required else "unfilled",
            {"alias": template_field.alias},
            Severity.INFO if template_field.mark == "C" else None,
        )
        for position in np.flatnonzero(values.isna().to_numpy()).tolist():
            result.findings.append(make_value_finding(ctx, layer, position, template_field.name, problem))
    _report_placeholder_values(layer, expected_names, result, ctx)
    return result


def _report_placeholder_values(layer: Layer, expected_names: set[str], result: RuleResult, ctx: RuleContext) -> None:
    """Add a finding for each placeholder, such as 待定.

    ``expected_names``: fields that need a value. In these fields and in names, a value that means an empty one (无) is
    reported, too.
    """
    placeholder_words = list(ctx.norm.get("attributes.placeholder_words"))
    empty_words = set(ctx.norm.get("attributes.empty_words"))
    for template_field in layer.template.fields:
        if (
            template_field.type != "text"
            or template_field.codes
            or template_field.personal
            or template_field.meaning == "key"
            or layer.get_column_by_name(template_field.name) is None
        ):
            continue
        result.is_applicable = True
        texts = layer.get_texts_by_name(template_field.name)
        # One search of all values is much faster than one for each value.
        joined_texts = "\n".join(texts)
        refused_words = (
            empty_words if template_field.name in expected_names or template_field.meaning == "feature_name" else set()
        )
        if any(word in joined_texts for word in placeholder_words) or not refused_words.isdisjoint(texts):
            judge = partial(
                _find_placeholder,
                placeholder_words=placeholder_words,
                empty_words=refused_words,
                template_field=template_field,
            )
            result.findings += make_findings_of_wrong_values(ctx, layer, template_field.name, texts, judge)


def _find_placeholder(
    value: str, *, placeholder_words: list[str], empty_words: set[str], template_field: TemplateField
) -> ValueProblem | None:
    """Return the problem of a value that means a missing one; None for another value."""
    if value not in empty_words and not any(word in value for word in placeholder_words):
        return None
    return ValueProblem(
        "placeholder", {"value": shorten_or_mask_value(template_field, value), "alias": template_field.alias}
    )
