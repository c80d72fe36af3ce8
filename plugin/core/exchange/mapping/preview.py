# SPDX-License-Identifier: GPL-2.0-or-later
"""Preview of a mapping by field: values, rows left empty, and codes to decide.

Only distinct values of a column are converted, so that changing one field is shown at once for a large layer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...base.files.cells import format_cell
from ...engine.context import trim_code_padding
from ...figures.indicators.area_backing import ROW_ALLOWANCE_SETTING
from ...rules._attributes import expand_words, has_accepted_word, read_setting_words
from ...standard import Standard
from ...standard.profile import Norm
from ...standard.template import Template, TemplateField
from .apply_mapping import (
    CodeTranslation,
    FieldMapping,
    SourceColumns,
    ValueConverter,
    get_template_field,
    make_converter,
)
from .proposals import find_codes_by_name

NET_AREA_ALLOWANCE_SETTING = "rules.ATT003.allowance_m2"
#: Number of examples per field.
MAX_SAMPLES = 3


@dataclass(frozen=True)
class ValueSample:
    """One source value and its converted value, with the number of rows that have it.

    ``converted_value`` is empty and ``reason`` set if the cell stays empty. ``params`` fill the reason's text.
    """

    source_value: str
    converted_value: str
    row_count: int
    reason: str = ""
    params: dict[str, Any] | None = None


@dataclass(frozen=True)
class FieldPreview:
    """Preview of one target field.

    ``filled_count``, ``lost_count``, ``remarked_count``: rows with a value, with a lost value, with a remark;
    ``samples``: examples of values; ``outside_count``: rows with a value that the layer does not accept (ATT002);
    ``area_difference_count``: rows whose area differs from the statutory area of the shape.
    """

    filled_count: int
    lost_count: int
    remarked_count: int
    samples: tuple[ValueSample, ...]
    outside_count: int = 0
    area_difference_count: int = 0


@dataclass(frozen=True)
class UndecidedCode:
    """A source value without exactly one equivalent in the target's list.

    ``candidate_codes``: possible target codes; ``chosen_code``: the person's choice, else empty. ``area_ha``: area of
    its rows (ha) in the plane of the layer, None for a layer in degrees. ``is_kept``: the value is kept without a
    choice.
    """

    code: str
    name: str
    row_count: int
    candidate_codes: tuple[str, ...]
    chosen_code: str = ""
    area_ha: float | None = None
    is_kept: bool = False


def preview_field(
    columns: SourceColumns,
    mapping: FieldMapping,
    target: TemplateField,
    template: Template,
    standard: Standard,
    is_accepted: Callable[[str], bool] = bool,
    area_allowance_m2: float | None = None,
) -> FieldPreview:
    """Return the preview of one field.

    A source field that is missing in the layer counts as not mapped. ``is_accepted``: see `make_acceptance`;
    ``area_allowance_m2``: see `get_area_allowance`.
    """
    if target.name in mapping.constant_by_target:
        converted_value, reason, params = ValueConverter(target, standard, None)(
            mapping.constant_by_target[target.name]
        )
        filled_count = columns.row_count if converted_value is not None else 0
        sample = ValueSample("", format_cell(converted_value), columns.row_count, reason, params)
        return FieldPreview(
            filled_count,
            0 if filled_count else columns.row_count,
            columns.row_count if filled_count and reason else 0,
            (sample,),
            0 if is_accepted(sample.converted_value) else filled_count,
        )
    source = mapping.source_by_target.get(target.name, "")
    if source and source in columns.layer.frame.columns:
        convert = make_converter(target, standard, mapping)
        preview = _preview_values(columns.count_values(source), convert, is_accepted)
        if area_allowance_m2 is None:
            return preview
        areas = np.array([convert(value)[0] for value in columns.layer.frame[source].tolist()], dtype="float64")
        # Like the rules, without the rounding to two decimals; a comparison with NaN is False.
        is_different = np.abs(areas - columns.statutory_areas) > area_allowance_m2 + 0.005
        return replace(preview, area_difference_count=int(is_different.sum()))
    for coded_field in template.fields:
        if (
            coded_field.code_name == target.name
            and coded_field.codes
            and coded_field.name in (*mapping.source_by_target, *mapping.constant_by_target)
        ):
            codes = standard.code_lists[coded_field.codes].entry_by_code
            values = [(mapping.constant_by_target.get(coded_field.name), "", columns.row_count)]
            if (code_source := mapping.source_by_target.get(coded_field.name, "")) in columns.layer.frame.columns:
                values = columns.count_values(code_source)
            convert = make_converter(coded_field, standard, mapping)
            named_count = 0
            samples: list[ValueSample] = []
            for value, text, row_count in values:
                code = format_cell(convert(value)[0])
                entry = codes.get(trim_code_padding(code, coded_field.code_pad))
                named_count += row_count if entry else 0
                if code and len(samples) < MAX_SAMPLES:
                    samples.append(ValueSample(text, entry.name if entry else "", row_count))
            return FieldPreview(named_count, 0, 0, tuple(samples))
    return FieldPreview(0, 0, 0, ())


def get_area_allowance(target: TemplateField, norm: Norm) -> float | None:
    """Return by how much (m²) a field may differ from the area of the shape (ATT003, ATT013); None for other fields."""
    if target.unit != "m2" or target.meaning not in ("area", "gross_area", "net_area"):
        return None
    return float(norm.get(NET_AREA_ALLOWANCE_SETTING if target.meaning == "net_area" else ROW_ALLOWANCE_SETTING))


def make_acceptance(target: TemplateField, template: Template, norm: Norm) -> Callable[[str], bool]:
    """Return a function that returns False for a value of a field that rule ATT002 will report."""
    lines = read_setting_words(norm, "attributes.value_words", 3)
    words = [expand_words(norm, keys) for role, name, *keys in lines if (role, name) == (template.role, target.name)]
    codes = norm.get_accepted_codes_of_field(template, target) if target.codes else None
    return lambda text: (
        (codes is None or trim_code_padding(text, target.code_pad) in codes)
        and all(has_accepted_word(text, listed) for listed in words)
    )


def _preview_values(
    values: list[tuple[Any, str, int]], convert: ValueConverter, is_accepted: Callable[[str], bool]
) -> FieldPreview:
    """Return the preview of converted values.

    ``values``: (value, text, number of rows) of the source column. ``convert``: converter to the target field.
    """
    filled_count = lost_count = remarked_count = outside_count = 0
    # Examples of unchanged, changed and lost values, the most frequent first: a key has as many values as rows.
    unchanged_samples: list[ValueSample] = []
    altered_samples: list[ValueSample] = []
    refused_samples: list[ValueSample] = []
    for value, text, rows in values:
        converted_value, reason, params = convert(value)
        filled_count += rows if converted_value is not None else 0
        lost_count += rows if converted_value is None else 0
        remarked_count += rows if converted_value is not None and reason else 0
        outside_count += rows if converted_value is not None and not is_accepted(format_cell(converted_value)) else 0
        same_samples = (
            refused_samples
            if reason
            else unchanged_samples
            if format_cell(converted_value) == text
            else altered_samples
        )
        if len(same_samples) < MAX_SAMPLES:
            same_samples.append(ValueSample(text, format_cell(converted_value), rows, reason, params))
    converted_samples = sorted((*unchanged_samples, *altered_samples), key=lambda s: -s.row_count)
    # One of each kind first; each value occurs once among the samples.
    samples = {
        sample.source_value: sample
        for sample in (
            *converted_samples[:1],
            *altered_samples[:1],
            *refused_samples[:1],
            *converted_samples,
            *refused_samples,
        )
    }
    return FieldPreview(filled_count, lost_count, remarked_count, tuple(samples.values())[:MAX_SAMPLES], outside_count)


def find_undecided_codes(
    columns: SourceColumns, mapping: FieldMapping, target: TemplateField, template: Template, standard: Standard
) -> list[UndecidedCode]:
    """Return the source values of a field with codes that have no single equivalent, decided or not.

    Candidates are the codes that the list of the source gives, else those whose names resemble the value.
    """
    source = mapping.source_by_target.get(target.name, "")
    if not target.codes or source not in columns.layer.frame.columns:
        return []
    translation = mapping.translation_by_target.get(target.name, CodeTranslation())
    convert = ValueConverter(target, standard, replace(translation, chosen_code_by_source={}))
    areas = columns.sum_areas_ha(source)
    rows = standard.code_lists[translation.list_id].entry_by_code if translation.list_id else {}
    undecided = []
    for value, text, count in columns.count_values(source):
        converted_value, reason, params = convert(value)
        if reason.startswith("code_"):
            code = trim_code_padding(text, target.code_pad or 6)
            name = rows[code].name if code in rows else rows[text].name if text in rows else ""
            choice = translation.chosen_code_by_source.get(text) or translation.chosen_code_by_source.get(code, "")
            candidates = tuple(str(params.get("codes", "")).split()) or find_codes_by_name(
                name or text, standard.code_lists[target.codes]
            )
            is_kept = converted_value is not None
            undecided.append(UndecidedCode(text, name, count, candidates, choice, areas.get(text), is_kept))
    return undecided


def choose_similar_codes(
    columns: SourceColumns, mapping: FieldMapping, template: Template, standard: Standard
) -> FieldMapping:
    """Return a mapping with a code for each undecided value that the name of one code alone resembles.

    A name that begins with the value precedes others that contain it. The choices are proposals, for a person to check.
    """
    translations = dict(mapping.translation_by_target)
    for target in template.fields:
        chosen = {}
        for one in find_undecided_codes(columns, mapping, target, template, standard):
            entries = standard.code_lists[target.codes].entry_by_code
            begun = [code for code in one.candidate_codes if entries[code].name.startswith(one.code)]
            similar = next((codes for codes in (one.candidate_codes, begun) if len(codes) == 1), ())
            # A code of another list may have several equivalents, among which a person decides.
            if similar and not one.chosen_code and not one.name:
                chosen[one.code] = similar[0]
        if chosen:
            former = translations.get(target.name, CodeTranslation())
            choices = {**former.chosen_code_by_source, **chosen}
            translations[target.name] = replace(former, chosen_code_by_source=choices)
    return replace(mapping, translation_by_target=translations)


def change_mapping(
    mapping: FieldMapping,
    template: Template,
    target: str,
    *,
    source: str = "",
    constant: Any = None,
    translation: Any = None,
    unit: str = "",
) -> FieldMapping:
    """Return the mapping with another source or constant for one field; with neither, the field is not filled.

    ``target``: name of the field. ``translation``: the `CodeTranslation` from the source's codes; ``unit``: that of the
    source's areas, if they are converted to m².
    """
    get_template_field(template, target)
    names = ("source_by_target", "constant_by_target", "translation_by_target", "unit_by_target")
    chosen: dict[str, Any] = dict.fromkeys(names)
    if constant is not None:
        chosen["constant_by_target"] = constant
    elif source:
        chosen |= {"source_by_target": source, "translation_by_target": translation, "unit_by_target": unit or None}
    sections: Any = {}
    for name, value in chosen.items():
        others = {field: former for field, former in getattr(mapping, name).items() if field != target}
        sections[name] = others if value is None else {**others, target: value}
    return replace(mapping, **sections)
