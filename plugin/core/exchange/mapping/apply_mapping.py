# SPDX-License-Identifier: GPL-2.0-or-later
"""A field mapping, and rows of a layer converted by it to a template's fields, with every changed or lost value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ...base.errors import InputError, require_value
from ...base.files.cells import format_cell, parse_date
from ...base.files.data import NOT_IN_FILE
from ...engine.context import trim_code_padding
from ...geometry.crs import make_lonlat_transformer
from ...geometry.statutory_area import measure_statutory_area
from ...model.indicator import SQUARE_METRES
from ...plan.layer import SourceLayer
from ...standard import Standard
from ...standard.template import Template, TemplateField
from ..schema import GEOMETRY_BY_TYPE_ID, SHAPELY_TYPE_IDS

#: Type of a field → data type of its column; other types are objects.
_SERIES_TYPES = {"real": "float64", "date": "datetime64[ms]"}
#: Decimals of areas (m²) in fields that declare none.
_AREA_DECIMALS = 2
#: Most distinct values of an unmapped column that are listed: a key has as many as there are rows.
MAX_LISTED_VALUES = 1000
#: Number of feature ids that are listed for each of them.
MAX_LISTED_FIDS = 20


@dataclass(frozen=True)
class CodeTranslation:
    """How codes of one list become codes of the target field's list; in a mapping's file, a table of ``codes``.

    ``list_id``: id of the source list; its ``target_column`` has the target codes, several separated by ``|``.
    ``chosen_code_by_source``: source code → target code, a person's decision for codes with several equivalents or
    outside the list.
    """

    list_id: str = field(default="", metadata={"key": "list"})
    target_column: str = field(default="", metadata={"key": "column"})
    chosen_code_by_source: dict[str, str] = field(default_factory=dict, metadata={"key": "choices"})


@dataclass(frozen=True)
class FieldMapping:
    """How the fields of a template are filled from a layer: the content of a mapping's file.

    ``source_by_target``: target field → source field. ``constant_by_target``: target field → value for all rows.
    ``translation_by_target``: target field → translation of codes; ``unit_by_target``: target field in m² → unit of the
    source's areas (`SQUARE_METRES`), if they are converted. ``computed_targets``: target fields that the form of the
    layer computes from shape or code; values of their sources are listed as not used.
    """

    role: str
    source_by_target: dict[str, str] = field(metadata={"key": "fields"})
    constant_by_target: dict[str, Any] = field(default_factory=dict, metadata={"key": "constants"})
    translation_by_target: dict[str, CodeTranslation] = field(default_factory=dict, metadata={"key": "codes"})
    unit_by_target: dict[str, str] = field(default_factory=dict, metadata={"key": "units"})
    computed_targets: tuple[str, ...] = field(default=(), metadata={"key": "computed"})
    path: Path | None = field(default=None, metadata=NOT_IN_FILE)


@dataclass(frozen=True)
class FieldProposal:
    """The proposed source of one target field.

    ``matched_by``: what the source was recognised by: ``name``, ``cut`` (name truncated to 10 bytes), ``alias``,
    ``word`` (a usual name of such a column), ``meaning`` (the source is the name of that meaning in another layer),
    ``content``, or empty without a source.
    ``doubt_reason``: text key of a doubt about the translation, empty without one. ``unit``: as in `FieldMapping`.
    """

    target_field: str
    source_field: str = ""
    matched_by: str = ""
    translation: CodeTranslation | None = None
    doubt_reason: str = ""
    unit: str = ""


@dataclass(frozen=True)
class MappingLoss:
    """One value that was changed or lost.

    ``fid``: feature id, None if the loss concerns the whole field. ``is_carried_over``: the value was changed but is in
    the result. ``params`` fill the text ``mapping.<reason>``; those of an unused column and of each of its values have
    ``row_count``, the number of rows with a value, ``area_ha``, their area in the plane or None, and ``fids``, the
    first feature ids as text.
    """

    fid: int | None
    key: str
    target_field: str
    source_field: str
    value: str
    reason: str
    is_carried_over: bool = False
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MappedRows:
    """Converted rows, changed or lost values, and fields without a counterpart.

    ``unmapped_fields``: source fields that no target uses; ``unfilled_fields``: target fields without a source.
    """

    frame: gpd.GeoDataFrame
    losses: list[MappingLoss]
    unmapped_fields: list[str]
    unfilled_fields: list[str]


@dataclass
class SourceColumns:
    """The distinct values of each column of a layer, counted on first use."""

    layer: SourceLayer
    _counted: dict[str, list[tuple[Any, str, int]]] = field(default_factory=dict, init=False)

    @property
    def row_count(self) -> int:
        """Return the number of rows of the layer."""
        return len(self.layer.frame)

    def count_values(self, name: str) -> list[tuple[Any, str, int]]:
        """Return (value, text, number of rows) of a column, the most frequent first.

        Missing values are left out.
        """
        if name not in self._counted:
            first: dict[str, Any] = {}
            counts: Counter[str] = Counter()
            for value in self.layer.frame[name].tolist():
                text = format_cell(value)
                if text:
                    first.setdefault(text, value)
                    counts[text] += 1
            self._counted[name] = [(first[text], text, count) for text, count in counts.most_common()]
        return self._counted[name]

    @cached_property
    def statutory_areas(self) -> NDArray:
        """Return the statutory area (m²) of each row's polygon; NaN without a polygon or a CRS."""
        shapes, crs = self.layer.frame.geometry.to_numpy(), self.layer.crs
        areas = np.full(len(shapes), np.nan)
        if crs is not None:
            is_polygon = np.isin(shapely.get_type_id(shapes), SHAPELY_TYPE_IDS["polygon"])
            areas[is_polygon] = measure_statutory_area(shapes[is_polygon], make_lonlat_transformer(crs))
        return areas

    def sum_areas_ha(self, name: str) -> dict[str, float]:
        """Return text of each value of a column → area of its rows (ha) in the plane; empty for a layer in degrees."""
        frame = self.layer.frame
        if self.layer.crs is None or not self.layer.crs.is_projected:
            return {}
        return (frame.geometry.area.groupby(frame[name].map(format_cell)).sum() / SQUARE_METRES["ha"]).to_dict()


def get_template_field(template: Template, name: str) -> TemplateField:
    """Return the field of a template that a valid mapping names."""
    return require_value(template.find_field_by_name(name), f"field {name} of {template.role}")


def drop_personal_data(mapped: MappedRows, template: Template) -> MappedRows:
    """Return mapped rows without personal data (个人信息): the fields remain, as the standard requires, but are empty.

    Names of fields are compared ignoring case. Values of unmapped columns are not listed.
    """
    personal_names = {one.name.upper() for one in template.personal_fields}
    frame = mapped.frame.copy()
    for column in frame.columns:
        if str(column).upper() in personal_names:
            frame[column] = None
    # What an unmapped column contains is unknown: its values may be personal, too.
    losses = [
        replace(loss, value="") if loss.target_field.upper() in personal_names else loss
        for loss in mapped.losses
        if loss.reason != "value_unmapped"
    ]
    return replace(mapped, frame=frame, losses=losses)


class ValueConverter:
    """Converts values to one target field of a template.

    Calling it returns (value, reason, parameters). The reason is empty if nothing was lost; otherwise it is the key of
    a text that the parameters fill. ``unit``: unit of the values, if they are converted to m².
    """

    def __init__(self, target: TemplateField, standard: Standard, translation: CodeTranslation | None, unit: str = ""):
        self.target = target
        # Thirds of a square metre are exact as fractions.
        self.factor = Fraction(SQUARE_METRES[unit]).limit_denominator(15) if unit else None
        self.codes = standard.code_lists.get(target.codes) if target.codes else None
        self.translation = translation
        self.source = standard.code_lists.get(translation.list_id) if translation else None
        self.done: dict[str, tuple[Any, str, dict[str, Any]]] = {}

    def __call__(self, value: Any) -> tuple[Any, str, dict[str, Any]]:
        """Return (converted value, reason, parameters) of one value.

        The converted value is None for a missing value and for one that does not fit the target field.
        """
        if self.target.type == "date" and isinstance(value, datetime):
            # A missing timestamp (NaT) is a datetime, too.
            return (value, "", {}) if format_cell(value) else (None, "", {})
        text = format_cell(value)
        if not text:
            return None, "", {}
        if text not in self.done:
            self.done[text] = self._convert_text(text)
        return self.done[text]

    def _convert_text(self, text: str) -> tuple[Any, str, dict[str, Any]]:
        """Return (converted value, reason, parameters) of a value as text."""
        target = self.target
        if self.codes is not None:
            # A code without a translation is retained even if the target's list lacks it, because many lists are not
            # verified. A code that the translation gives no single equivalent becomes None.
            pad = self.target.code_pad
            if self.translation:
                unpadded = trim_code_padding(text, pad or 6)
                chosen_code = self.translation.chosen_code_by_source.get(
                    text
                ) or self.translation.chosen_code_by_source.get(unpadded)
                if chosen_code:
                    return self._fit_text_to_field(_pad_code(chosen_code, pad), "", {})
                if self.source is not None:
                    row = self.source.entry_by_code.get(text) or self.source.entry_by_code.get(unpadded)
                    if row is None:
                        return None, "code_unknown", {"list": self.source.id}
                    answers = [c for c in row.other_columns.get(self.translation.target_column, "").split("|") if c]
                    if len(answers) == 1:
                        return self._fit_text_to_field(_pad_code(answers[0], pad), "", {})
                    return None, "code_many" if answers else "code_none", {"codes": " ".join(answers), "name": row.name}
            unpadded = trim_code_padding(text, pad)
            if unpadded in self.codes.entry_by_code:
                return self._fit_text_to_field(_pad_code(unpadded, pad), "", {})
            return self._fit_text_to_field(text, "code_unknown", {"list": self.codes.id})
        if target.type == "date":
            day = parse_date(text.split(" ")[0].split("T")[0])
            return (datetime(day.year, day.month, day.day), "", {}) if day else (None, "date_unreadable", {})
        if target.type in ("integer", "real"):
            return self._convert_number(text)
        return self._fit_text_to_field(text, "", {})

    def _convert_number(self, text: str) -> tuple[Any, str, dict[str, Any]]:
        """Return (number, reason, parameters) of a text.

        The number is None if the text is not a number, or if the number is too long for the field.
        """
        target = self.target
        try:
            # Whole numbers stay integers: a double cannot hold 18 digits.
            number: Any = int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
        except ValueError:
            return None, "number_unreadable", {}
        if not np.isfinite(float(number)):
            return None, "number_unreadable", {}
        if self.factor is not None:
            # The text is exact; its binary number would make 9.128 ha 91279.99999999999 m².
            number = float(Fraction(text) * self.factor)
            # What the conversion adds beyond the decimals of the field, or beyond 0.01 m², was never measured.
            number = round(number, target.decimals or _AREA_DECIMALS)
        if target.type == "integer" and not float(number).is_integer():
            return None, "not_whole", {}
        number = int(number) if target.type == "integer" else float(number)
        if target.length:
            max_digits = target.length - (target.decimals + 1 if target.decimals else 0)
            if len(str(abs(int(number)))) > max_digits:
                return None, "too_long", {"length": target.length, "count": len(text)}
        return number, "", {}

    def _fit_text_to_field(self, text: str, reason: str, params: dict[str, Any]) -> tuple[Any, str, dict[str, Any]]:
        """Return (value, reason, parameters) of a converted text; None for a text longer than the field.

        ``reason`` and ``params``: those of an earlier step, which remain.
        """
        target = self.target
        if target.type != "text":
            return self._convert_number(text) if not reason else (None, reason, params)
        if target.length and len(text) > target.length:
            # A name in place of a code is longer than the field; what it lacks is the code.
            reason = f"{reason}_long" if reason else "too_long"
            return None, reason, params | {"length": target.length, "count": len(text)}
        return text, reason, params


def make_converter(target: TemplateField, standard: Standard, mapping: FieldMapping) -> ValueConverter:
    """Return the converter of a mapping for the source's values of a target field."""
    translation = mapping.translation_by_target.get(target.name)
    return ValueConverter(target, standard, translation, mapping.unit_by_target.get(target.name, ""))


def _pad_code(code: str, pad: int) -> str:
    """Return a code of digits with zeros at its end up to ``pad`` digits; another code unchanged."""
    return code.ljust(pad, "0") if pad and code.isdigit() else code


def apply_mapping(layer: SourceLayer, mapping: FieldMapping, template: Template, standard: Standard) -> MappedRows:
    """Return a layer's rows in a template's fields; geometries are unchanged.

    A value that does not fit leaves its cell empty and is listed as a `MappingLoss`. Raise InputError if a source
    field is missing in the layer, or the geometry type differs from the template's.
    """
    kinds = shapely.get_type_id(layer.frame.geometry.to_numpy())
    foreign_type_ids = [int(k) for k in kinds if k >= 0 and int(k) not in SHAPELY_TYPE_IDS[template.geometry]]
    if foreign_type_ids:
        raise InputError(
            "mapping_geometry",
            layer=layer.name,
            count=len(foreign_type_ids),
            kind=GEOMETRY_BY_TYPE_ID.get(foreign_type_ids[0], "collection"),
            role=template.role,
            wanted=template.geometry,
        )
    source_by_target = find_source_names(layer, mapping)
    frame = layer.frame
    fids = [int(v) for v in frame.index]
    keys = _read_keys(layer, source_by_target, template)
    columns: dict[str, pd.Series] = {}
    mapping_losses: list[MappingLoss] = []
    for target in template.fields:
        if target.name in source_by_target:
            source = source_by_target[target.name]
            convert = make_converter(target, standard, mapping)
            target_values = []
            for fid, key, value in zip(fids, keys, frame[source].tolist(), strict=True):
                arrived, reason, params = convert(value)
                target_values.append(arrived)
                if reason and target.name not in mapping.computed_targets:
                    has_value = arrived is not None
                    mapping_losses.append(
                        MappingLoss(fid, key, target.name, source, format_cell(value), reason, has_value, params)
                    )
        elif target.name in mapping.constant_by_target:
            value, _, _ = ValueConverter(target, standard, None)(mapping.constant_by_target[target.name])
            target_values = [value] * len(frame)
        else:
            target_values = [None] * len(frame)
        columns[target.name] = _make_series(target_values, target, frame.index)
    filled_fields = set(source_by_target) | set(mapping.constant_by_target)
    filled_fields |= _fill_code_names(columns, filled_fields, mapping, template, standard)
    mapping_losses += [MappingLoss(fid, "", "", "", "", "shape_broken") for fid in layer.broken_fids]
    unmapped = [f.name for f in layer.fields if f.name not in source_by_target.values()]
    source_columns = SourceColumns(layer)
    for name in unmapped:
        mapping_losses += _list_unused_values(source_columns, name)
    for name in mapping.computed_targets:
        if name in source_by_target:
            mapping_losses += _list_unused_values(source_columns, source_by_target[name], name)
    shape_column = "geometry"
    while shape_column in columns:
        shape_column = f"_{shape_column}"
    shapes = gpd.GeoSeries(frame.geometry.to_numpy(), index=frame.index, crs=layer.crs)
    mapped_frame = gpd.GeoDataFrame(
        pd.DataFrame({**columns, shape_column: shapes}, index=frame.index), geometry=shape_column
    )
    return MappedRows(
        mapped_frame, mapping_losses, unmapped, [f.name for f in template.fields if f.name not in filled_fields]
    )


def _list_unused_values(columns: SourceColumns, name: str, target: str = "") -> Iterator[MappingLoss]:
    """Yield a loss for a column that is not used, followed by one for each of its most frequent values.

    ``target``: the field that is computed instead; empty for a column that no target uses.
    """
    reason = "computed" if target else "unmapped"
    counts, areas = columns.count_values(name), columns.sum_areas_ha(name)
    frame = columns.layer.frame
    fids_by_text = frame.index.groupby(frame[name].map(format_cell))
    params: dict[str, Any] = {
        "row_count": sum(count for _, _, count in counts),
        "rows": columns.row_count,
        "distinct": len(counts),
        "most": MAX_LISTED_VALUES,
    }
    yield MappingLoss(None, "", target, name, "", f"field_{reason}", params=params)
    for _, text, count in counts[:MAX_LISTED_VALUES]:
        fids = " ".join(map(str, fids_by_text[text][:MAX_LISTED_FIDS])) + " …" * (count > MAX_LISTED_FIDS)
        params = {"row_count": count, "area_ha": areas.get(text), "fids": fids}
        yield MappingLoss(None, "", target, name, text, f"value_{reason}", params=params)


def _make_series(values: list[Any], target: TemplateField, index: Any) -> pd.Series:
    """Return values as a column with the data type of the target field."""
    return pd.Series(values, index=index, dtype=_SERIES_TYPES.get(target.type, "object"))


def _fill_code_names(
    columns: dict[str, pd.Series],
    filled_fields: set[str],
    mapping: FieldMapping,
    template: Template,
    standard: Standard,
) -> set[str]:
    """Fill each field that has the name of a code, by the code list, if no source or constant fills it.

    Return the names of the fields that were filled. ``columns``: field name → values, changed in place.
    """
    filled_now = set()
    for target in template.fields:
        name = target.code_name
        if (
            not target.codes
            or target.name not in filled_fields
            or not name
            or name in filled_fields
            or name not in columns
        ):
            continue
        codes = standard.code_lists[target.codes].entry_by_code
        rows = [codes.get(trim_code_padding(format_cell(value), target.code_pad)) for value in columns[target.name]]
        columns[name] = _make_series(
            [code.name if code else None for code in rows], get_template_field(template, name), columns[name].index
        )
        filled_now.add(name)
    return filled_now


def find_source_names(layer: SourceLayer, mapping: FieldMapping) -> dict[str, str]:
    """Return target field → its source field, spelled as in the layer.

    Raise InputError for a source field that the layer lacks.
    """
    columns = {field.name.upper(): field.name for field in reversed(layer.fields)}
    exact_names = {field.name for field in layer.fields}
    spellings = {}
    for target, source in mapping.source_by_target.items():
        name = source if source in exact_names else columns.get(source.strip().upper())
        if name is None:
            file_name = str(mapping.path.name) if mapping.path else ""
            field_names = ", ".join(field.name for field in layer.fields)
            raise InputError(
                "mapping_field_missing",
                file=file_name,
                key=f"fields.{target}",
                field=source,
                layer=layer.name,
                known=field_names,
            )
        spellings[target] = name
    return spellings


def _read_keys(layer: SourceLayer, source_by_target: dict[str, str], template: Template) -> list[str]:
    """Return the key (标识码) of each row; empty texts for a layer without keys."""
    key_field = template.find_field("key")
    source = source_by_target.get(key_field.name) if key_field else None
    source = source or next((field.name for field in layer.fields if field.name.upper() == "BSM"), None)
    return [format_cell(value) for value in layer.frame[source].tolist()] if source else [""] * len(layer.frame)
