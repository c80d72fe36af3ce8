# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixes of values: codes, the names of codes, and dates."""

import re
import unicodedata
from typing import Any

from ...base.files.cells import parse_date
from ...engine.context import trim_code_padding
from ...model.findings import Finding
from ..edits import Edits, FixRefused, RowEdit
from ..fix_declaration import FixExample, Safety, fix
from ..shapes import require_text_field
from ..state import EditingState

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"


@fix(
    "FIX020",
    "pad-code",
    title="Pad a code to its full length",
    solves={"ATT008": (), "ATT002": ("unknown_zeros",)},
    safety=Safety.FORMAL,
    messages={"": "Write {field} = {value} instead of {former}"},
    examples=[
        FixExample("four digits", "ATT008", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103"}]}, {"layer": [{"wkt": SQUARE_WKT, "land_use": "010300"}]}, safe=True, roles={"layer": "ZXCQGHYDYH"}),
        FixExample("a code that was stored as a number", "ATT002", {"layer": [{"wkt": SQUARE_WKT, "land_use": "103"}]}, {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103"}]}, safe=True, roles={"layer": "GDBHMB"}),
        FixExample("a field of numbers", "ATT002", {"layer": [{"wkt": SQUARE_WKT, "land_use": 103}]}, refused="number_field", roles={"layer": "GDBHMB"}),
    ],
)  # fmt: skip
def pad_code(finding: Finding, *, state: EditingState) -> Edits:
    """Pad a code to its full length.

    What it does
        Appends zeros to a code of the list up to the number of digits in the template (0103 becomes 010300), or
        restores the leading zeros that a number lost (103 becomes 0103).
    When it is safe
        Always, as the code means the same.
    Limits
        Other codes that are not in the list are ATT002's. A field of numbers cannot store a leading zero (SCH002).
    """
    row = state.get_finding_row(finding)
    template_field = row.layer.template.find_field_by_name(finding.field)
    code_list = state.norm.standard.code_lists.get(template_field.codes) if template_field else None
    former_code = row.layer.get_texts_by_name(finding.field)[0]
    if template_field is None or code_list is None or not former_code.isdigit():
        raise FixRefused("stale")
    value = (
        former_code.ljust(template_field.code_pad, "0")
        if former_code in code_list.entry_by_code
        else code_list.restore_leading_zeros(former_code, template_field.code_pad)
    )
    if value in ("", former_code):
        raise FixRefused("stale")
    require_text_field(row, template_field.name, value)
    return Edits(
        [RowEdit(row.role, row.fid, attributes={template_field.name: value})],
        params={"field": template_field.name, "value": value, "former": former_code},
    )


@fix(
    "FIX021",
    "name-from-code",
    title="Write the name that the code list has for the code",
    solves={"ATT002": ("name",)},
    safety=Safety.FORMAL,
    messages={"": "Write {field} = {value} instead of {former}"},
    examples=[
        FixExample("a name that no code has", "ATT002", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103", "land_use_name": "旱田"}]}, {"layer": [{"wkt": SQUARE_WKT, "land_use_name": "旱地"}]}, safe=True, roles={"layer": "GDBHMB"}),
        FixExample("the name of another code", "ATT002", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103", "land_use_name": "水田"}]}, {"layer": [{"wkt": SQUARE_WKT, "land_use_name": "旱地"}]}, roles={"layer": "GDBHMB"}),
        FixExample("a sealed layer is only explained", "ATT002", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103", "land_use_name": "旱田"}]}, refused="sealed", roles={"layer": "DLTB"}),
    ],
)  # fmt: skip
def write_name_from_code(finding: Finding, *, state: EditingState) -> Edits:
    """Write the name that the code list has for the code.

    What it does
        Replaces the name next to a code by the name that the code list has for it.
    When it is safe
        If the present name belongs to no other code, so that the code cannot be the wrong one; and never for planning
        zones.
    Limits
        The code itself stays; FIX022 corrects it where the name is right.
    """
    row = state.get_finding_row(finding)
    template_field = next(
        (one for one in row.layer.template.fields if one.code_name == finding.field and one.codes), None
    )
    if template_field is None:
        raise FixRefused("stale")
    codes = state.norm.standard.code_lists[template_field.codes].entry_by_code
    code = trim_code_padding(row.layer.get_texts_by_name(template_field.name)[0], template_field.code_pad)
    former_name = row.layer.get_texts_by_name(finding.field)[0]
    if code not in codes or codes[code].name == former_name:
        raise FixRefused("stale")
    edits = Edits(
        [RowEdit(row.role, row.fid, attributes={finding.field: codes[code].name})],
        params={"field": finding.field, "value": codes[code].name, "former": former_name},
    )
    if any(one.name == former_name for one in codes.values()):
        edits.review_reasons.append("name_of_another_code")
    return edits


@fix(
    "FIX022",
    "code-from-name",
    title="Write the code that the code list has for the name",
    solves={"ATT002": ("unknown",)},
    safety=Safety.FORMAL,
    messages={"": "Write {field} = {value} ({name}) instead of {former}"},
    examples=[
        FixExample("a code that is not in the list", "ATT002", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0999", "land_use_name": "旱地"}]}, {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103"}]}, safe=True, roles={"layer": "GDBHMB"}),
        FixExample("a zone's code is confirmed by a person", "ATT002", {"zones": [{"wkt": SQUARE_WKT, "zone_code": "999", "zone_name": "农田保护区"}]}, {"zones": [{"wkt": SQUARE_WKT, "zone_code": "300"}]}),
        FixExample("no name that helps", "ATT002", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0999", "land_use_name": "空地"}]}, refused="no_code_for_name", roles={"layer": "GDBHMB"}),
    ],
)  # fmt: skip
def write_code_from_name(finding: Finding, *, state: EditingState) -> Edits:
    """Write the code that the code list has for the name.

    What it does
        Replaces a code that is not in the list by the code whose name is next to it.
    When it is safe
        If exactly one code has this name; and never for planning zones.
    Limits
        Without a field for the name, or with a name that no code or several codes have, a person must correct the code.
    """
    row = state.get_finding_row(finding)
    template_field = row.layer.template.find_field_by_name(finding.field)
    if template_field is None or not template_field.codes:
        raise FixRefused("stale")
    codes = state.norm.standard.code_lists[template_field.codes].entry_by_code
    former_code = row.layer.get_texts_by_name(template_field.name)[0]
    if trim_code_padding(former_code, template_field.code_pad) in codes:
        raise FixRefused("stale")
    name = row.layer.get_texts_by_name(template_field.code_name)[0] if template_field.code_name else ""
    matching_entries = [one for one in codes.values() if name and one.name == name]
    if len(matching_entries) != 1:
        raise FixRefused("no_code_for_name", role=row.role, key=row.key, value=former_code, name=name)
    code = matching_entries[0].code
    value = code.ljust(template_field.code_pad, "0") if template_field.code_pad and code.isdigit() else code
    require_text_field(row, template_field.name, value)
    return Edits(
        [RowEdit(row.role, row.fid, attributes={template_field.name: value})],
        params={"field": template_field.name, "value": value, "former": former_code, "name": name},
    )


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
    date_text = _normalise_date_text(former_text)
    year = re.fullmatch(r"([0-9]{4})年?", date_text) if template_field.meaning == "data_year" else None
    value = year[1] if year is not None else ""
    if not value:
        day = parse_date(date_text)
        if day is None:
            raise FixRefused("no_date", field=template_field.name, value=former_text)
        value = day.isoformat()
    if value == former_text:
        raise FixRefused("stale")
    return Edits(
        [RowEdit(row.role, row.fid, attributes={template_field.name: value})],
        params={"field": template_field.name, "value": value, "former": former_text},
    )


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
