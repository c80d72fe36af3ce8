# SPDX-License-Identifier: GPL-2.0-or-later
import re
from datetime import date
from functools import partial

from ...base.files.cells import parse_date
from ...engine.context import RuleContext
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.template import TemplateField
from .._attributes import (
    ValueProblem,
    make_findings_of_wrong_values,
    read_setting_words,
    shorten_or_mask_value,
)

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
FARMLAND_LAYER = {"layer": "YJJBNTBHTB"}


def _make_plan_with_dates(**values: object) -> dict[str, list[dict[str, object]]]:
    """Return the layers of an example: one row with these values of date fields."""
    return {"layer": [{"wkt": SQUARE_WKT, **values}]}


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
        RuleExample("no date", _make_plan_with_dates(BHKSSJ="去年十月"), finds=1, roles=FARMLAND_LAYER),
        RuleExample("no such day", _make_plan_with_dates(BHKSSJ="2025-02-30"), finds=1, roles=FARMLAND_LAYER),
        RuleExample("in the future", _make_plan_with_dates(BHKSSJ="2999年1月1日"), finds=1, roles=FARMLAND_LAYER),
        RuleExample(
            "a year before the survey existed", _make_plan_with_dates(data_year=1020), finds=1, roles=FARMLAND_LAYER
        ),
        RuleExample(
            "a year of the survey before", _make_plan_with_dates(data_year=2009), finds=1, roles=FARMLAND_LAYER
        ),
        RuleExample("a year in the future", _make_plan_with_dates(data_year=2999), finds=1, roles=FARMLAND_LAYER),
        RuleExample(
            "protection that has ended",
            _make_plan_with_dates(BHKSSJ="2001-01-01", BHJSSJ="2019-12-31"),
            finds=1,
            roles=FARMLAND_LAYER,
        ),
        RuleExample(
            "ends before it begins",
            _make_plan_with_dates(BHKSSJ="2025-10-01", BHJSSJ="2024-10-01"),
            finds=1,
            roles=FARMLAND_LAYER,
        ),
    ],
    passes=[
        RuleExample(
            "several ways of writing", _make_plan_with_dates(BHKSSJ="2025/1/5", BHJSSJ="29990106"), roles=FARMLAND_LAYER
        ),
        RuleExample(
            "an end may lie ahead",
            _make_plan_with_dates(BHKSSJ="2025-01-05", BHJSSJ="2999-12-31"),
            roles=FARMLAND_LAYER,
        ),
        RuleExample("years and blanks", _make_plan_with_dates(data_year=2020, BHKSSJ=None), roles=FARMLAND_LAYER),
        RuleExample(
            "older by leave of the county",
            _make_plan_with_dates(BHKSSJ="1930-01-01"),
            roles=FARMLAND_LAYER,
            parameters={"earliest_year": 1900},
        ),
        RuleExample(
            "a plan on the survey before",
            _make_plan_with_dates(data_year=2009),
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
        survey_year = int(ctx.norm.get("attributes.survey_year")) if is_year else 0
        judge = partial(
            _find_date_problem,
            template_field=template_field,
            earliest=int(earliest_year),
            survey_year=survey_year,
            future_allowed=template_field.name in ends,
        )
        result.findings += make_findings_of_wrong_values(
            ctx, layer, template_field.name, texts_by_field[template_field.name], judge
        )
    for start, end in spans:
        end_field = layer.template.find_field_by_name(end)
        if end in texts_by_field and end_field is not None:
            starts = texts_by_field.get(start) or [""] * len(layer)
            result.findings += make_findings_of_wrong_values(
                ctx,
                layer,
                end,
                list(zip(starts, texts_by_field[end], strict=True)),
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
        start_text = shorten_or_mask_value(start_field, span[0])
        return ValueProblem("order", {"start": start_text, "value": value, "start_field": start_field.name})
    # An end before the earliest year has a separate finding.
    return ValueProblem("ended", {"value": value}) if end < date.today() and end.year >= earliest else None
