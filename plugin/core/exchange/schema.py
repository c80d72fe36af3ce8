# SPDX-License-Identifier: GPL-2.0-or-later
"""Convert a template to the schema of a format, as far as the format supports it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import DataError, OutputError
from ..standard.template import CodeList, Field, Template


@dataclass(frozen=True)
class Kind:
    """The format's type for a template's type, by OGR's name, with its limits."""

    ogr: str
    length: bool = False
    decimals: bool = False


@dataclass(frozen=True)
class Format:
    """A database format and its type map.

    ``integer``: numbers of up to nine digits; ``long``: longer ones.
    """

    driver: str
    suffix: str
    types: dict[str, Kind]
    feature_datasets: bool = False


#: The type maps. Neither format stores the length of a number: 15,2 in a template becomes a double. FileGDB (as GDAL
#: writes it) has no 64-bit integers, and its dates have a time of day.
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
#: Multi types also hold single geometries; a layer that was split and merged holds both.
SHAPES = {"polygon": "MultiPolygon", "line": "MultiLineString", "point": "Point"}
#: Number of digits that may exceed a 32-bit integer.
_LONG_DIGITS = 10


@dataclass(frozen=True)
class Domain:
    """The codes that a field may hold, as a domain of the database."""

    name: str
    list_id: str
    kind: str
    codes: dict[str, str] = field(hash=False)


@dataclass(frozen=True)
class Column:
    """A field of a layer."""

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
    """``title`` is the layer's Chinese name.

    ``dataset`` its feature dataset, empty at the root.
    """

    name: str
    title: str
    shape: str
    columns: tuple[Column, ...]
    dataset: str = ""

    @property
    def domains(self) -> tuple[Domain, ...]:
        """Domains of the layer's fields, each once."""
        return tuple({c.domain.name: c.domain for c in self.columns if c.domain}.values())


def database_format(target: str | Path) -> Format:
    """Return the database format of a path; OutputError for an unknown suffix."""
    found = FORMATS.get(Path(target).suffix.lower())
    if found is None:
        raise OutputError("output_format", target=str(target), known=" ".join(FORMATS))
    return found


def layer_schema(template: Template, form: Format, code_lists: Mapping[str, CodeList]) -> LayerSchema:
    """Convert a template to a format; DataError for an unknown code list."""
    return LayerSchema(
        name=template.role,
        title=template.name,
        shape=SHAPES[template.geometry],
        columns=tuple(_column(f, template, form, code_lists) for f in template.fields),
        # Names of datasets have no special characters: 三区三线封库/下发数据 → 三区三线封库_下发数据. Classes of
        # yearly maintenance are
        # submitted at the root (S2).
        dataset=re.sub(r"\W+", "_", template.group).strip("_") if form.feature_datasets and not template.base else "",
    )


def make_schemas(templates: Iterable[Template], form: Format, code_lists: Mapping[str, CodeList]) -> list[LayerSchema]:
    """Convert templates to a format."""
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
    """Return the list's codes as the field writes them, padded with zeros if it pads."""
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
