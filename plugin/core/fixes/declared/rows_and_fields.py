# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixes of keys, area fields, rows without a shape, missing fields, codes, the names of codes, and dates."""

import re
import unicodedata
from typing import Any

import numpy as np

from ...base.files.cells import parse_date
from ...engine.context import trim_code_padding
from ...geometry.validity import repair_polygon
from ...model.findings import Finding
from ..edits import Edits, FixRefused, NewField, RowEdit
from ..fix_declaration import FixExample, Safety, fix
from ..shapes import (
    derive_net_area_fields,
    get_area_field_allowance_m2,
    measure_shape_areas_m2,
    require_shape,
    require_text_field,
)
from ..state import EditingState

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
OTHER_SQUARE_WKT = "POLYGON ((110 0, 190 0, 190 90, 110 90, 110 0))"
EXAMPLE_KEY_FORMAT = "1402250000{:08d}"


@fix(
    "FIX023",
    "new-key",
    title="Give a feature the next free key",
    solves={"ATT001": ("missing", "repeated")},
    safety=Safety.FORMAL,
    messages={
        "": "Number the feature without a key {value}",
        "repeated": "Give {count} of the features with key {key} new numbers ({values}); the first one keeps it",
    },
    examples=[
        FixExample("no number", "ATT001", {"layer": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(1)}, {"wkt": OTHER_SQUARE_WKT, "key": None}]},
                   {"layer": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(1)}, {"wkt": OTHER_SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(2)}]}, safe=True),
        FixExample("number above those of the other layers", "ATT001", {"layer": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(1)}, {"wkt": OTHER_SQUARE_WKT, "key": None}], "zones": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(50)}]},
                   {"layer": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(1)}, {"wkt": OTHER_SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(51)}], "zones": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(50)}]}, safe=True),
        FixExample("same number twice", "ATT001", {"layer": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(7)}, {"wkt": OTHER_SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(7)}]},
                   {"layer": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(7)}, {"wkt": OTHER_SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(8)}]}),
        FixExample("a sealed layer is only explained", "ATT001", {"parcels": [{"wkt": SQUARE_WKT, "key": None}]}, refused="sealed"),
    ],
)  # fmt: skip
def assign_new_key(finding: Finding, *, state: EditingState) -> Edits:
    """Give a feature the next free key.

    What it does
        A feature without 标识码 (BSM) gets the next free number: one above the highest in all layers. Of several features with one number, the
        first one in the file keeps it and the others get new ones. A used number is never assigned again.
    When it is safe
        Where the number was missing. Which of several features keeps its number decides what versions, waivers and
        tables refer to, so a person confirms it.
    Limits
        A layer whose numbers follow another scheme is numbered by county, 0000 and a running number.
    """
    field_name = finding.field or "BSM"
    if finding.case == "missing":
        row = state.get_finding_row(finding)
        if row.key:
            raise FixRefused("stale")
        value = state.reserve_new_key(row.role)
        return Edits([RowEdit(row.role, row.fid, attributes={field_name: value})], params={"value": value})
    rows = [
        state.get_row_by_number(finding.role, number)
        for number in sorted(state.session.checker.rows.find_rows_with_key(finding.role, finding.key))
    ]
    others = [row for row in rows if row is not None][1:]
    if not others:
        raise FixRefused("stale")
    edits = [RowEdit(row.role, row.fid, attributes={field_name: state.reserve_new_key(row.role)}) for row in others]
    return Edits(
        edits,
        case="repeated",
        params={"count": len(others), "key": finding.key, "values": [edit.attributes[field_name] for edit in edits]},
        review_reasons=["key_repeated"],
    )


#: Statutory area of `SQUARE_WKT` where examples are.
SQUARE_M2 = 9997.54


@fix(
    "FIX024",
    "measure-area-field",
    title="Measure an area field again",
    solves={"ATT013": ()},
    safety=Safety.FORMAL,
    messages={"": "Write {field} = {value} m² instead of {former} m²"},
    examples=[
        FixExample("the plane's area", "ATT013", {"layer": [{"wkt": SQUARE_WKT, "area": 10000.0}]}, {"layer": [{"wkt": SQUARE_WKT, "area": SQUARE_M2}]}, safe=True),
        FixExample("a large difference is confirmed by a person", "ATT013", {"layer": [{"wkt": SQUARE_WKT, "area": 20000.0}]}, {"layer": [{"wkt": SQUARE_WKT, "area": SQUARE_M2}]}),
        FixExample("the net area follows", "ATT013", {"layer": [{"wkt": SQUARE_WKT, "gross_area": 10000.0, "deduction_rate": 0.1, "deduction_area": 1000.0, "net_area": 9000.0}]},
                   {"layer": [{"wkt": SQUARE_WKT, "gross_area": SQUARE_M2, "net_area": 8997.79}]}, safe=True, rules=("ATT003",), roles={"layer": "GDBHMB"}),
        FixExample("an adjusted area stays", "ATT013", {"layer": [{"wkt": SQUARE_WKT, "area": 10000.0}]}, refused="adjusted", settings={"closure.limit_share": 0.001}),
    ],
)  # fmt: skip
def measure_area_field(finding: Finding, *, state: EditingState, max_safe_share: float = 0.01) -> Edits:
    """Measure an area field again.

    What it does
        Writes the statutory ellipsoidal area (图斑椭球面积) of the shape, rounded as the template asks. Where the field
        is a gross area, deduction and net area follow by the row's rate.
    When it is safe
        If the field differs from the shape by at most max_safe_share of its area; a larger difference may mean that
        the shape is wrong.
    Limits
        A difference that the allowance of ATT013 or an adjustment to the control area (平差, closure.limit_share)
        explains is left as it is.
    """
    row = state.get_finding_row(finding)
    require_shape(row)
    template_field = row.layer.template.find_field_by_name(finding.field)
    if template_field is None or not row.layer.has_field(template_field.meaning):
        raise FixRefused("stale")
    former_area = float(row.layer.numbers(template_field.meaning)[0])
    (area,) = measure_shape_areas_m2(state, row, row.stored_shape)
    difference = abs(former_area - area)
    if not difference > get_area_field_allowance_m2(state):
        raise FixRefused("stale")
    if difference <= float(state.norm.get("closure.limit_share")) * area:
        raise FixRefused("adjusted", role=row.role, key=row.key, field=template_field.name)
    value = round(area, 2 if template_field.decimals is None else template_field.decimals)
    attributes = {template_field.name: value}
    if template_field.meaning == "gross_area":
        attributes |= derive_net_area_fields(row, value)
    return Edits(
        [RowEdit(row.role, row.fid, attributes=attributes)],
        params={"field": template_field.name, "value": value, "former": former_area},
        review_reasons=["area_differs"] if difference > max_safe_share * area else [],
    )


@fix(
    "FIX025",
    "delete-row-without-shape",
    title="Delete a row without a shape",
    solves={"GEO001": (), "GEO002": ("invalid",)},
    safety=Safety.NEVER,
    messages={"": "Delete {key}, which has no land"},
    examples=[
        FixExample("no shape", "GEO001", {"layer": [SQUARE_WKT, None]}, {"layer": [SQUARE_WKT]}),
        FixExample("a polygon without area", "GEO002", {"layer": [SQUARE_WKT, "POLYGON ((0 0, 30 10, 60 20, 0 0))"]}, {"layer": [SQUARE_WKT]}),
        FixExample("a shape that can be repaired", "GEO002", {"layer": ["POLYGON ((0 0, 100 100, 100 0, 0 100, 0 0))"]}, refused="has_shape"),
    ],
)  # fmt: skip
def delete_row_without_shape(finding: Finding, *, state: EditingState) -> Edits:
    """Delete a row without a shape.

    What it does
        Deletes a row that has no shape, or a polygon without any area.
    When it is safe
        Never, because a feature is deleted: it may be the only trace of land that was lost.
    Limits
        Restore the shape from the approved result first. If the approved result has no shape, draw it. Delete the row
        only if it is a duplicate or was entered by mistake.
    """
    row = state.get_finding_row(finding)
    has_raw = row.stored_shape is not None and not row.stored_shape.is_empty
    if has_raw and (row.layer.template.geometry != "polygon" or repair_polygon(row.stored_shape) is not None):
        raise FixRefused("has_shape", role=row.role, key=row.key)
    return Edits([RowEdit(row.role, row.fid, is_deleted=True)], params={"key": row.key})


@fix(
    "FIX026",
    "add-missing-field",
    title="Add a field of the template",
    solves={"SCH002": ("missing",)},
    safety=Safety.NEVER,
    messages={"": "Add the field {field}; {count} rows get a value, {empty} have none"},
    examples=[
        FixExample("the deduction follows from gross area and rate", "SCH002", {"layer": [{"wkt": SQUARE_WKT, "gross_area": 1000.0, "deduction_rate": 0.1, "net_area": 900.0}]},
                   {"layer": [{"wkt": SQUARE_WKT}]}, roles={"layer": "GDBHMB"}),
    ],
)  # fmt: skip
def add_missing_field(finding: Finding, *, state: EditingState) -> Edits:
    """Add a field of the template.

    What it does
        Adds the field with the template's type and length. A deduction (KCMJ) is gross area × rate, rounded to 0.01
        m²; any other field gets the template's default.
    When it is safe
        Never, because the structure of the layer changes.
    Limits
        Rules that read the field check it in the next whole check. A shapefile keeps ten bytes of a name.
    """
    layer = state.plan.layers.get(finding.role)
    template_field = layer.template.find_field_by_name(finding.field) if layer is not None else None
    if layer is None or template_field is None or template_field.name in state.new_fields.get(finding.role, ()):
        raise FixRefused("stale")
    values: list[float | str | None] = [template_field.default or None] * len(layer)
    if template_field.meaning == "deduction_area":
        values = [
            float(one) if np.isfinite(one) else None
            for one in np.round(layer.numbers("gross_area") * np.nan_to_num(layer.numbers("deduction_rate")), 2)
        ]
    elif template_field.type in ("integer", "real") and template_field.default:
        values = [float(template_field.default)] * len(layer)
    rows = [
        RowEdit(layer.role, fid, attributes={template_field.name: value})
        for number, (fid, value) in enumerate(zip(layer.fids, values, strict=True))
        if value is not None and state.get_row_by_number(layer.role, number) is not None
    ]
    return Edits(
        rows,
        [NewField(layer.role, template_field.name)],
        params={"field": template_field.name, "count": len(rows), "empty": len(layer) - len(rows)},
    )


SMALL_SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"


@fix(
    "FIX020",
    "pad-code",
    title="Pad a code to its full length",
    solves={"ATT008": (), "ATT002": ("unknown_zeros",)},
    safety=Safety.FORMAL,
    messages={"": "Write {field} = {value} instead of {former}"},
    examples=[
        FixExample("four digits", "ATT008", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0103"}]}, {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "010300"}]}, safe=True, roles={"layer": "ZXCQGHYDYH"}),
        FixExample("a code that was stored as a number", "ATT002", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "103"}]}, {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0103"}]}, safe=True, roles={"layer": "GDBHMB"}),
        FixExample("a field of numbers", "ATT002", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": 103}]}, refused="number_field", roles={"layer": "GDBHMB"}),
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
        FixExample("a name that no code has", "ATT002", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0103", "land_use_name": "旱田"}]}, {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use_name": "旱地"}]}, safe=True, roles={"layer": "GDBHMB"}),
        FixExample("the name of another code", "ATT002", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0103", "land_use_name": "水田"}]}, {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use_name": "旱地"}]}, roles={"layer": "GDBHMB"}),
        FixExample("a sealed layer is only explained", "ATT002", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0103", "land_use_name": "旱田"}]}, refused="sealed", roles={"layer": "DLTB"}),
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
    has_name_of_another_code = any(one.name == former_name for one in codes.values())
    return Edits(
        [RowEdit(row.role, row.fid, attributes={finding.field: codes[code].name})],
        params={"field": finding.field, "value": codes[code].name, "former": former_name},
        review_reasons=["name_of_another_code"] if has_name_of_another_code else [],
    )


@fix(
    "FIX022",
    "code-from-name",
    title="Write the code that the code list has for the name",
    solves={"ATT002": ("unknown",)},
    safety=Safety.FORMAL,
    messages={"": "Write {field} = {value} ({name}) instead of {former}"},
    examples=[
        FixExample("a code that is not in the list", "ATT002", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0999", "land_use_name": "旱地"}]}, {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0103"}]}, safe=True, roles={"layer": "GDBHMB"}),
        FixExample("a zone's code is confirmed by a person", "ATT002", {"zones": [{"wkt": SMALL_SQUARE_WKT, "zone_code": "999", "zone_name": "农田保护区"}]}, {"zones": [{"wkt": SMALL_SQUARE_WKT, "zone_code": "300"}]}),
        FixExample("no name that helps", "ATT002", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0999", "land_use_name": "空地"}]}, refused="no_code_for_name", roles={"layer": "GDBHMB"}),
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
    return {"layer": [{"wkt": SMALL_SQUARE_WKT, "BHKSSJ": start}]}


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
