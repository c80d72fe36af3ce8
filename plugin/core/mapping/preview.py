# SPDX-License-Identifier: GPL-2.0-or-later
"""Preview of a mapping by field: values, rows left empty, codes to decide.

It uses the distinct values of a column, so that a change of one field appears at once for a large layer.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from ..engine.context import trim_padding
from ..files.cells import cell_text
from ..plan.layer import SourceLayer
from ..standard import Standard
from ..standard.template import Field, Template
from .apply_mapping import ValueConverter
from .model import Mapping, Translation, template_field
from .proposals import translation_column

#: Number of examples per field.
SHOWN = 3


@dataclass(frozen=True)
class ValueSample:
    """One value: ``after`` empty and ``reason`` set when its cell stays empty.

    ``params`` fill the reason's text.
    """

    before: str
    after: str
    rows: int
    reason: str = ""
    params: dict[str, Any] | None = None


@dataclass(frozen=True)
class FieldPreview:
    """One target field: rows with a value, with a lost value, with a remark, and examples."""

    filled: int
    lost: int
    remarked: int
    samples: tuple[ValueSample, ...]


@dataclass(frozen=True)
class UndecidedCode:
    """A source code without one equivalent: candidates of the target's list, and the choice."""

    code: str
    name: str
    rows: int
    candidates: tuple[str, ...]
    chosen: str = ""


class SourceColumns:
    """The distinct values of each column of a layer with their counts, counted on first use."""

    def __init__(self, layer: SourceLayer):
        self.layer = layer
        self._counted: dict[str, list[tuple[Any, str, int]]] = {}

    @property
    def rows(self) -> int:
        """Number of rows of the layer."""
        return len(self.layer.frame)

    def of(self, name: str) -> list[tuple[Any, str, int]]:
        """Return (value, text, rows), the most frequent first; missing values are left out."""
        if name not in self._counted:
            first: dict[str, Any] = {}
            counts: Counter[str] = Counter()
            for value in self.layer.frame[name].tolist():
                text = cell_text(value)
                if text:
                    first.setdefault(text, value)
                    counts[text] += 1
            self._counted[name] = [(first[text], text, count) for text, count in counts.most_common()]
        return self._counted[name]


def preview_field(
    columns: SourceColumns, mapping: Mapping, target: Field, template: Template, standard: Standard
) -> FieldPreview:
    """Return the preview of one field.

    A source field that the layer lacks counts as not mapped.
    """
    if target.name in mapping.constants:
        return _constant(columns, mapping.constants[target.name], target, standard)
    source = mapping.fields.get(target.name, "")
    if source and source in columns.layer.frame.columns:
        return _preview_values(columns.of(source), ValueConverter(target, standard, mapping.codes.get(target.name)))
    return _name_of_code(columns, mapping, target, template, standard)


def _constant(columns: SourceColumns, value: Any, target: Field, standard: Standard) -> FieldPreview:
    after, reason, params = ValueConverter(target, standard, None)(value)
    filled = columns.rows if after is not None else 0
    sample = ValueSample("", cell_text(after), columns.rows, reason, params)
    return FieldPreview(filled, 0 if filled else columns.rows, columns.rows if filled and reason else 0, (sample,))


def _preview_values(values: list[tuple[Any, str, int]], convert: ValueConverter) -> FieldPreview:
    filled = lost = remarked = 0
    # Examples of unchanged, changed and lost values, the most frequent first: a key has as many values as rows.
    unchanged: list[ValueSample] = []
    altered: list[ValueSample] = []
    refused: list[ValueSample] = []
    for value, text, rows in values:
        after, reason, params = convert(value)
        filled += rows if after is not None else 0
        lost += rows if after is None else 0
        remarked += rows if after is not None and reason else 0
        group = refused if reason else unchanged if cell_text(after) == text else altered
        if len(group) < SHOWN:
            group.append(ValueSample(text, cell_text(after), rows, reason, params))
    return FieldPreview(filled, lost, remarked, _choose_samples(unchanged, altered, refused))


def _choose_samples(
    unchanged: list[ValueSample], altered: list[ValueSample], refused: list[ValueSample]
) -> tuple[ValueSample, ...]:
    """Return the most frequent unchanged, changed and lost value, then further ones."""
    arrived = sorted((*unchanged, *altered), key=lambda s: -s.rows)
    chosen: list[ValueSample] = []
    for sample in (*arrived[:1], *altered[:1], *refused[:1], *arrived, *refused):
        if sample not in chosen:
            chosen.append(sample)
    return tuple(chosen[:SHOWN])


def _name_of_code(
    columns: SourceColumns, mapping: Mapping, target: Field, template: Template, standard: Standard
) -> FieldPreview:
    """Preview a name that is filled from the list of its code."""
    for coded in template.fields:
        if coded.code_name == target.name and coded.codes and coded.name in (*mapping.fields, *mapping.constants):
            codes = standard.code_lists[coded.codes].codes
            inner = preview_field(columns, mapping, coded, template, standard)
            named = [replace(s, after=_name(codes, s.after, coded)) for s in inner.samples if s.after]
            return FieldPreview(inner.filled, 0, 0, tuple(replace(s, reason="", params=None) for s in named))
    return FieldPreview(0, 0, 0, ())


def _name(codes: Any, code: str, field: Field) -> str:
    found = codes.get(trim_padding(code, field.code_pad))
    return found.name if found else ""


def find_undecided_codes(
    columns: SourceColumns, mapping: Mapping, target: Field, template: Template, standard: Standard
) -> list[UndecidedCode]:
    """Return codes of a translated field with several, no or unknown equivalents."""
    translation, source = mapping.codes.get(target.name), mapping.fields.get(target.name, "")
    if translation is None or source not in columns.layer.frame.columns:
        return []
    convert = ValueConverter(target, standard, replace(translation, choices={}))
    rows = standard.code_lists[translation.list].codes if translation.list else {}
    found = []
    for value, text, count in columns.of(source):
        _, reason, params = convert(value)
        if not reason.startswith("code_"):
            continue
        code = trim_padding(text, target.code_pad or 6)
        name = rows[code].name if code in rows else rows[text].name if text in rows else ""
        chosen = translation.choices.get(text) or translation.choices.get(code, "")
        found.append(UndecidedCode(text, name, count, tuple(str(params.get("codes", "")).split()), chosen))
    return found


def find_translations(target: Field, standard: Standard) -> list[Translation]:
    """Return the translations into a target's code list: lists with a column of its codes."""
    if not target.codes:
        return []
    own = standard.code_lists[target.codes]
    ways = {name: translation_column(codes, own) for name, codes in standard.code_lists.items() if name != target.codes}
    return [Translation(name, column) for name, column in ways.items() if column]


def change_mapping(
    mapping: Mapping, template: Template, target: str, *, source: str = "", constant: Any = None, way: Any = None
) -> Mapping:
    """Return the mapping with one field changed: to a source, to a constant, or to neither."""
    template_field(template, target)
    fields = {k: v for k, v in mapping.fields.items() if k != target}
    constants = {k: v for k, v in mapping.constants.items() if k != target}
    codes = {k: v for k, v in mapping.codes.items() if k != target}
    if constant is not None:
        constants[target] = constant
    elif source:
        fields[target] = source
        if way is not None:
            codes[target] = way
    return replace(mapping, fields=fields, constants=constants, codes=codes)
