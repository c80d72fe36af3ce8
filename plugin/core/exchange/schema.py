# SPDX-License-Identifier: GPL-2.0-or-later
"""From a template to the schema of a format: what a template says and what of it a format can hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import DataError, OutputError
from ..standard.template import CodeList, Field, Template


@dataclass(frozen=True)
class Kind:
    """A format's own type for one of ours, by OGR's name; which of length and decimals it keeps."""

    ogr: str
    length: bool = False
    decimals: bool = False


@dataclass(frozen=True)
class Format:
    """A database format and its type map. ``integer`` is for numbers of up to nine digits, ``long`` for longer ones."""

    driver: str
    suffix: str
    types: dict[str, Kind]
    feature_datasets: bool = False


#: The stated type maps. Neither format keeps the length of a number: a template's 15,2 becomes a double.
#: FileGDB (as GDAL writes it) knows no 64-bit integers, and its dates carry a time of day.
FORMATS = {
    ".gpkg": Format(
        "GPKG",
        ".gpkg",
        {
            "text": Kind("String", length=True),
            "integer": Kind("Integer"),
            "long": Kind("Integer64"),
            "real": Kind("Real"),
            "date": Kind("Date"),
        },
    ),
    ".gdb": Format(
        "OpenFileGDB",
        ".gdb",
        {
            "text": Kind("String", length=True),
            "integer": Kind("Integer"),
            "long": Kind("Real"),
            "real": Kind("Real"),
            "date": Kind("DateTime"),
        },
        feature_datasets=True,
    ),
}
#: Multi types hold single ones too, and a layer that was split and merged again holds both.
SHAPES = {"polygon": "MultiPolygon", "line": "MultiLineString", "point": "Point"}
#: More digits than a 32-bit integer has for certain.
_LONG_DIGITS = 10


@dataclass(frozen=True)
class Domain:
    """The codes that a field may hold, for the database itself."""

    name: str
    list_id: str
    kind: str
    codes: dict[str, str] = field(hash=False)


@dataclass(frozen=True)
class Column:
    name: str
    kind: str
    length: int
    decimals: int
    alias: str
    nullable: bool
    domain: Domain | None = None
    default: str = ""


@dataclass(frozen=True)
class LayerSchema:
    """``title`` is the layer's Chinese name; ``dataset`` its feature dataset, empty at the root."""

    name: str
    title: str
    shape: str
    columns: tuple[Column, ...]
    dataset: str = ""

    @property
    def domains(self) -> tuple[Domain, ...]:
        return tuple({c.domain.name: c.domain for c in self.columns if c.domain}.values())


def database_format(target: str | Path) -> Format:
    """The database format of a path. OutputError when its suffix is none of ours."""
    found = FORMATS.get(Path(target).suffix.lower())
    if found is None:
        raise OutputError("output_format", target=str(target), known=" ".join(FORMATS))
    return found


def layer_schema(template: Template, form: Format, code_lists: Mapping[str, CodeList]) -> LayerSchema:
    """One template in one format. DataError when a field names a code list that is not there."""
    return LayerSchema(
        name=template.role,
        title=template.name,
        shape=SHAPES[template.geometry],
        columns=tuple(_column(f, template, form, code_lists) for f in template.fields),
        # A dataset's name has no room for marks: 三区三线封库/下发数据 → 三区三线封库_下发数据.
        # Classes of yearly maintenance are handed in at the root (S2).
        dataset=re.sub(r"\W+", "_", template.group).strip("_") if form.feature_datasets and not template.base else "",
    )


def make_schemas(templates: Iterable[Template], form: Format, code_lists: Mapping[str, CodeList]) -> list[LayerSchema]:
    return [layer_schema(t, form, code_lists) for t in templates]


def _column(declared: Field, template: Template, form: Format, code_lists: Mapping[str, CodeList]) -> Column:
    long = declared.type == "integer" and (declared.length or 0) >= _LONG_DIGITS
    kind = form.types["long" if long else declared.type]
    return Column(
        name=declared.name,
        kind=kind.ogr,
        length=(declared.length or 0) if kind.length else 0,
        decimals=(declared.decimals or 0) if kind.decimals else 0,
        alias=declared.alias,
        nullable=declared.constraint != "M",
        domain=_domain(declared, template, kind, code_lists) if declared.codes else None,
        default=declared.default or (template.feature_code if declared.meaning == "feature_code" else ""),
    )


def _domain(declared: Field, template: Template, kind: Kind, code_lists: Mapping[str, CodeList]) -> Domain:
    """The list's codes as this field writes them: padded with zeros where it pads."""
    codes = code_lists.get(declared.codes)
    if codes is None:
        raise DataError(
            "template_list_missing",
            layer=template.role,
            field=declared.name,
            name=declared.codes,
            known=", ".join(sorted(code_lists)),
        )
    pad = declared.code_pad
    name = "_".join([codes.id, *([str(pad)] if pad else []), *([kind.ogr] if kind.ogr != "String" else [])])
    return Domain(name, codes.id, kind.ogr, codes.written(pad))
