# SPDX-License-Identifier: GPL-2.0-or-later
import re
import unicodedata
from typing import Any

from ...base.files.cells import parse_date
from ...model.findings import Finding
from ..edits import Edits, FixRefused, RowEdit
from ..fix_declaration import FixExample, Safety, fix
from ..state import EditingState

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
#: Chinese digits, also those of 一九九八 and 二〇二五, and the tens of days and months (十, 廿, 卅).
_DIGIT_BY_CHINESE_CHARACTER = {character: digit for digit, characters in enumerate(("〇零○", "一", "二", "三", "四", "五", "六", "七", "八", "九")) for character in characters}  # fmt: skip
_TENS_BY_CHINESE_CHARACTER = {"十": 10, "廿": 20, "卅": 30}
_CHINESE_DATE_PATTERN = re.compile(
    rf"([{''.join(_DIGIT_BY_CHINESE_CHARACTER)}]{{4}})年(?:([{''.join(_DIGIT_BY_CHINESE_CHARACTER)}十]+)月([{''.join(_DIGIT_BY_CHINESE_CHARACTER)}十廿卅]+)[日号]?)?"
)

_FARMLAND_LAYER = {"layer": "YJJBNTBHTB"}
_SETTINGS_WITHOUT_SEALED_LAYERS: dict[str, Any] = {"sealed.roles": []}


def _make_example_rows(start: str) -> dict[str, list[Any]]:
    """Return the layer of an example: one row with a start date."""
    return {"layer": [{"wkt": SQUARE_WKT, "BHKSSJ": start}]}


@fix(
    "FIX027",
    "write-date",
    title="Write a date as year-month-day",
    solves={"ATT016": ("form",)},
    safety=Safety.FORMAL,
    messages={"": "Write {field} = {value} instead of {former}"},
    examples=[
        FixExample("full-width digits", "ATT016", _make_example_rows("２０２０．１０．１"), _make_example_rows("2020-10-01"), safe=True, roles=_FARMLAND_LAYER, settings=_SETTINGS_WITHOUT_SEALED_LAYERS),
        FixExample("Chinese numerals", "ATT016", _make_example_rows("二〇二〇年十月二十一日"), _make_example_rows("2020-10-21"), safe=True, roles=_FARMLAND_LAYER, settings=_SETTINGS_WITHOUT_SEALED_LAYERS),
        FixExample("a day that does not exist", "ATT016", _make_example_rows("2020-02-30"), refused="no_date", roles=_FARMLAND_LAYER, settings=_SETTINGS_WITHOUT_SEALED_LAYERS),
        FixExample("day and month may be swapped", "ATT016", _make_example_rows("5/6/2020"), refused="no_date", roles=_FARMLAND_LAYER, settings=_SETTINGS_WITHOUT_SEALED_LAYERS),
        FixExample("farmland is sealed", "ATT016", _make_example_rows("２０２０．１０．１"), refused="sealed", roles=_FARMLAND_LAYER),
    ],
)  # fmt: skip
def write_date(finding: Finding, *, state: EditingState) -> Edits:
    """Write a date as year-month-day.

    What it does
        Reads a date in full-width digits, with spaces, or in Chinese numerals, and writes it as 2025-10-01; a year of
        the data (SJNF) as 2025.
    When it is safe
        Always, as the date is the same.
    Limits
        A text with one meaning only is read. Dates without a day, days that do not exist, and texts in which day and
        month could be swapped are refused.
    """
    row = state.get_finding_row(finding)
    template_field = row.layer.template.find_field_by_name(finding.field)
    former_text = row.layer.get_texts_by_name(finding.field)[0]
    if template_field is None:
        raise FixRefused("stale")
    value = _read_year(former_text) if template_field.meaning == "data_year" else ""
    if not value:
        day = parse_date(_normalise_date_text(former_text))
        if day is None:
            raise FixRefused("no_date", field=template_field.name, value=former_text)
        value = day.isoformat()
    if value == former_text:
        raise FixRefused("stale")
    params = {"field": template_field.name, "value": value, "former": former_text}
    return Edits([RowEdit(row.role, row.fid, attributes={template_field.name: value})], params=params)


def _read_year(text: str) -> str:
    """Return a year of four digits, without the word for year; empty for another text."""
    match = re.fullmatch(r"([0-9]{4})年?", _normalise_date_text(text))
    return match.group(1) if match is not None else ""


def _normalise_date_text(text: str) -> str:
    """Return a date without spaces, in ASCII digits and separators."""
    text = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).replace("。", ".")
    match = _CHINESE_DATE_PATTERN.fullmatch(text)
    if match is None:
        return text.replace("号", "日")
    year, month, day = match.groups()
    digits = "".join(str(_DIGIT_BY_CHINESE_CHARACTER[character]) for character in year)
    return f"{digits}年" if month is None else f"{digits}-{_parse_chinese_number(month)}-{_parse_chinese_number(day)}"


def _parse_chinese_number(text: str) -> int:
    """Return a month or a day in Chinese numerals (十二, 廿一, 〇三) as a number; 0 for a malformed one."""
    tens = [position for position, character in enumerate(text) if character in _TENS_BY_CHINESE_CHARACTER]
    if not tens:
        return int("".join(str(_DIGIT_BY_CHINESE_CHARACTER[character]) for character in text))
    if len(tens) > 1 or tens[0] > 1 or len(text) > tens[0] + 2:
        return 0
    (position,) = tens
    if position and text[position] != "十":
        return 0
    factor = _DIGIT_BY_CHINESE_CHARACTER[text[0]] if position else 1
    units = _DIGIT_BY_CHINESE_CHARACTER[text[position + 1]] if position + 1 < len(text) else 0
    return factor * _TENS_BY_CHINESE_CHARACTER[text[position]] + units
