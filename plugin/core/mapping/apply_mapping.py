# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows of a layer in a template's fields, with a list of every changed or lost value."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from ..engine.context import trim_padding
from ..errors import InputError
from ..files.cells import cell_text, parse_date
from ..plan.layer import SourceLayer
from ..standard import Standard
from ..standard.template import CodeList, Field, Template
from .model import MappedRows, Mapping, MappingLoss, Translation, template_field

if TYPE_CHECKING:
    import pandas as pd


class ValueConverter:
    """Converts values to one target field: (value, reason, parameters).

    The reason is empty when the value is converted without loss.
    """

    def __init__(self, target: Field, standard: Standard, translation: Translation | None):
        self.target = target
        self.codes = standard.code_lists.get(target.codes) if target.codes else None
        self.translation = translation
        self.source = standard.code_lists.get(translation.list) if translation else None
        self.done: dict[str, tuple[Any, str, dict[str, Any]]] = {}

    def __call__(self, value: Any) -> tuple[Any, str, dict[str, Any]]:
        """Convert one value."""
        if self.target.type == "date" and isinstance(value, datetime):
            # A missing timestamp (NaT) is a datetime, too.
            return (value, "", {}) if cell_text(value) else (None, "", {})
        text = cell_text(value)
        if not text:
            return None, "", {}
        if text not in self.done:
            self.done[text] = self._convert(text)
        return self.done[text]

    def _convert(self, text: str) -> tuple[Any, str, dict[str, Any]]:
        target = self.target
        if self.codes is not None:
            return self._code(text, self.codes)
        if target.type == "date":
            found = _date(text)
            return (found, "", {}) if found else (None, "date_unreadable", {})
        if target.type in ("integer", "real"):
            return self._number(text)
        return self._fitting(text, "", {})

    def _code(self, text: str, codes: CodeList) -> tuple[Any, str, dict[str, Any]]:
        """Convert a code.

        A code outside an untranslated list is retained (many lists are not verified); a translated code without a
        single equivalent is dropped.
        """
        pad = self.target.code_pad
        if self.translation:
            unpadded = trim_padding(text, pad or 6)
            chosen = self.translation.choices.get(text) or self.translation.choices.get(unpadded)
            if chosen:
                return self._fitting(_pad(chosen, pad), "", {})
            if self.source is not None:
                row = self.source.codes.get(text) or self.source.codes.get(unpadded)
                if row is None:
                    return None, "code_unknown", {"list": self.source.id}
                answers = [c for c in row.extra.get(self.translation.column, "").split("|") if c]
                if len(answers) == 1:
                    return self._fitting(_pad(answers[0], pad), "", {})
                return None, "code_many" if answers else "code_none", {"codes": " ".join(answers), "name": row.name}
        unpadded = trim_padding(text, pad)
        if unpadded in codes.codes:
            return self._fitting(_pad(unpadded, pad), "", {})
        return self._fitting(text, "code_unknown", {"list": codes.id})

    def _number(self, text: str) -> tuple[Any, str, dict[str, Any]]:
        target = self.target
        try:
            # Whole numbers stay integers: a double cannot hold 18 digits.
            number: Any = int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
        except ValueError:
            return None, "number_unreadable", {}
        if not np.isfinite(float(number)):
            return None, "number_unreadable", {}
        if target.type == "integer" and not float(number).is_integer():
            return None, "not_whole", {}
        number = int(number) if target.type == "integer" else float(number)
        if target.length:
            room = target.length - (target.decimals + 1 if target.decimals else 0)
            if len(str(abs(int(number)))) > room:
                return None, "too_long", {"length": target.length, "count": len(text)}
        return number, "", {}

    def _fitting(self, text: str, reason: str, params: dict[str, Any]) -> tuple[Any, str, dict[str, Any]]:
        target = self.target
        if target.type != "text":
            return self._number(text) if not reason else (None, reason, params)
        if target.length and len(text) > target.length:
            return None, "too_long", {"length": target.length, "count": len(text)}
        return text, reason, params


def _pad(code: str, pad: int) -> str:
    return code.ljust(pad, "0") if pad and code.isdigit() else code


def _date(text: str) -> datetime | None:
    found = parse_date(text.split(" ")[0].split("T")[0])
    return datetime(found.year, found.month, found.day) if found else None


_KINDS = {"polygon": (3, 6), "line": (1, 2, 5), "point": (0, 4)}
_KIND_NAMES = {number: kind for kind, numbers in _KINDS.items() for number in numbers} | {7: "collection"}


def apply_mapping(layer: SourceLayer, mapping: Mapping, template: Template, standard: Standard) -> MappedRows:
    """Return the layer's rows in the template's fields; geometries are unchanged.

    A value that does not fit leaves its cell empty and becomes a `MappingLoss`. Raises InputError when a source field
    is missing in the layer, or the geometry type differs from the template's.
    """
    import geopandas as gpd
    import pandas as pd

    _check_shapes(layer, template)
    names = source_names(layer, mapping)
    frame = layer.frame
    fids = [int(v) for v in frame.index]
    keys = _keys(layer, names, template)
    columns: dict[str, pd.Series] = {}
    losses: list[MappingLoss] = []
    for target in template.fields:
        if target.name in names:
            source = names[target.name]
            convert = ValueConverter(target, standard, mapping.codes.get(target.name))
            carried = []
            for fid, key, value in zip(fids, keys, frame[source].tolist(), strict=True):
                arrived, reason, params = convert(value)
                carried.append(arrived)
                if reason:
                    there = arrived is not None
                    losses.append(MappingLoss(fid, key, target.name, source, cell_text(value), reason, there, params))
        elif target.name in mapping.constants:
            value, _, _ = ValueConverter(target, standard, None)(mapping.constants[target.name])
            carried = [value] * len(frame)
        else:
            carried = [None] * len(frame)
        columns[target.name] = _series(carried, target, frame.index)
    filled = set(names) | set(mapping.constants)
    filled |= _names_of_codes(columns, filled, mapping, template, standard)
    losses += [MappingLoss(fid, "", "", "", "", "shape_broken") for fid in layer.broken]
    used = set(names.values())
    unmapped = [f.name for f in layer.fields if f.name not in used]
    for name in unmapped:
        count = sum(cell_text(v) != "" for v in frame[name].tolist())
        losses.append(
            MappingLoss(None, "", "", name, "", "field_unmapped", params={"count": count, "rows": len(frame)})
        )
    shape_column = "geometry"
    while shape_column in columns:
        shape_column = f"_{shape_column}"
    shapes = gpd.GeoSeries(frame.geometry.to_numpy(), index=frame.index, crs=layer.crs)
    made = gpd.GeoDataFrame(pd.DataFrame({**columns, shape_column: shapes}, index=frame.index), geometry=shape_column)
    return MappedRows(made, losses, unmapped, [f.name for f in template.fields if f.name not in filled])


def _series(values: list[Any], target: Field, index: Any) -> pd.Series:
    import pandas as pd

    if target.type == "real":
        return pd.Series(values, index=index, dtype="float64")
    if target.type == "date":
        plain = [datetime(v.year, v.month, v.day) if type(v) is date else v for v in values]
        return pd.Series(plain, index=index, dtype="datetime64[ms]")
    return pd.Series(values, index=index, dtype=object)


def _names_of_codes(
    columns: dict[str, pd.Series], filled: set[str], mapping: Mapping, template: Template, standard: Standard
) -> set[str]:
    """Fill the names of codes from the code list where no other source fills them.

    Returns the fields that were filled.
    """
    made = set()
    for target in template.fields:
        name = target.code_name
        if not target.codes or target.name not in filled or not name or name in filled or name not in columns:
            continue
        codes = standard.code_lists[target.codes].codes
        rows = [codes.get(trim_padding(cell_text(v), target.code_pad)) for v in columns[target.name]]
        columns[name] = _series(
            [c.name if c else None for c in rows], template_field(template, name), columns[name].index
        )
        made.add(name)
    return made


def source_names(layer: SourceLayer, mapping: Mapping) -> dict[str, str]:
    """Return target → the layer's spelling of its source field.

    InputError for a missing field.
    """
    columns = {f.name.upper(): f.name for f in reversed(layer.fields)}
    exact = {f.name for f in layer.fields}
    found = {}
    for target, source in mapping.fields.items():
        name = source if source in exact else columns.get(source.strip().upper())
        if name is None:
            where = str(mapping.path.name) if mapping.path else ""
            known = ", ".join(f.name for f in layer.fields)
            raise InputError(
                "mapping_field_missing", file=where, key=f"fields.{target}", field=source, layer=layer.name, known=known
            )
        found[target] = name
    return found


def _keys(layer: SourceLayer, names: dict[str, str], template: Template) -> list[str]:
    own = template.field("key")
    source = names.get(own.name) if own else None
    source = source or next((f.name for f in layer.fields if f.name.upper() == "BSM"), None)
    return [cell_text(v) for v in layer.frame[source].tolist()] if source else [""] * len(layer.frame)


def _check_shapes(layer: SourceLayer, template: Template) -> None:
    kinds = shapely.get_type_id(layer.frame.geometry.to_numpy())
    wrong = [int(k) for k in kinds if k >= 0 and int(k) not in _KINDS[template.geometry]]
    if wrong:
        raise InputError(
            "mapping_geometry",
            layer=layer.name,
            count=len(wrong),
            kind=_KIND_NAMES.get(wrong[0], "collection"),
            role=template.role,
            wanted=template.geometry,
        )
