# SPDX-License-Identifier: GPL-2.0-or-later
"""Convert a layer template to the fields, types and domains of a database format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..base.errors import DataError, OutputError
from ..standard.template import OGR_TYPES, CodeList, Template, TemplateField

#: Multi types also hold single geometries; a layer that was split and merged holds both.
OGR_GEOMETRY_TYPES = {"polygon": "MultiPolygon", "line": "MultiLineString", "point": "Point"}
#: Shapely's type ids by the geometry of a template.
SHAPELY_TYPE_IDS = {"polygon": (3, 6), "line": (1, 2, 5), "point": (0, 4)}
#: Number of digits that may exceed a 32-bit integer.
_MIN_INTEGER64_DIGITS = 10


@dataclass(frozen=True)
class DatabaseFormat:
    """A file format with the field type for each type of the templates.

    ``ogr_types``: as `OGR_TYPES`, for this format.
    """

    gdal_driver: str
    file_suffix: str
    ogr_types: dict[str, str]
    has_feature_datasets: bool = False

    def choose_ogr_type(self, template_field: TemplateField) -> str:
        """Return OGR's name of the type of a template's field in this format."""
        is_long = template_field.type == "integer" and (template_field.length or 0) >= _MIN_INTEGER64_DIGITS
        return self.ogr_types["long" if is_long else template_field.type]


#: Neither format stores the length of a number: 15,2 in a template becomes a double. FileGDB (as GDAL writes it) has no
#: 64-bit integers, and its dates have a time of day.
DATABASE_FORMATS = {
    ".gpkg": DatabaseFormat("GPKG", ".gpkg", OGR_TYPES),
    ".gdb": DatabaseFormat(
        "OpenFileGDB", ".gdb", OGR_TYPES | {"long": "Real", "date": "DateTime"}, has_feature_datasets=True
    ),
}
SHAPEFILE_FORMAT = DatabaseFormat("ESRI Shapefile", ".shp", OGR_TYPES)
#: The geometry of a template by shapely's type id.
GEOMETRY_BY_TYPE_ID = {number: kind for kind, numbers in SHAPELY_TYPE_IDS.items() for number in numbers}


@dataclass(frozen=True)
class CodedDomain:
    """The permitted codes of a field, as a coded domain of a database.

    ``list_id``: id of the code list; ``kind``: OGR's name of the field type; ``codes``: code → its name.
    """

    name: str
    list_id: str
    kind: str
    codes: dict[str, str] = field(hash=False)


@dataclass(frozen=True)
class LayerColumn:
    """A field of a database layer, with its title (alias) and its coded domain.

    ``kind``: OGR's name of the field type; ``length``: 0 if the format does not store it.
    """

    name: str
    kind: str
    length: int
    alias: str
    is_nullable: bool
    domain: CodedDomain | None = None
    default: str = ""


@dataclass(frozen=True)
class LayerSchema:
    """A database layer: name, Chinese title, geometry type, columns.

    ``feature_dataset``: the FileGDB feature dataset that contains the layer; empty if the layer is at the root.
    """

    name: str
    chinese_title: str
    geometry_type: str
    columns: tuple[LayerColumn, ...]
    feature_dataset: str = ""

    @property
    def coded_domains(self) -> tuple[CodedDomain, ...]:
        """The coded domains of the layer's fields, without repetitions."""
        return tuple({c.domain.name: c.domain for c in self.columns if c.domain}.values())


def find_database_format(target: str | Path) -> DatabaseFormat:
    """Return the database format for a path's suffix.

    Raises OutputError for an unknown suffix.
    """
    database_format = DATABASE_FORMATS.get(Path(target).suffix.lower())
    if database_format is None:
        raise OutputError("output_format", target=str(target), known=" ".join(DATABASE_FORMATS))
    return database_format


def make_schemas(
    templates: Iterable[Template], file_format: DatabaseFormat, code_lists: Mapping[str, CodeList]
) -> list[LayerSchema]:
    """Return the layers of templates (name, fields, code lists) in a database format.

    Raises DataError for a code list that does not exist.
    """
    return [
        LayerSchema(
            name=template.role,
            chinese_title=template.name,
            geometry_type=OGR_GEOMETRY_TYPES[template.geometry],
            columns=tuple(_make_column(f, template, file_format, code_lists) for f in template.fields),
            # Names of datasets have no special characters: 三区三线封库/下发数据 → 三区三线封库_下发数据. Classes of
            # yearly maintenance are submitted at the root (S2).
            feature_dataset=re.sub(r"\W+", "_", template.group).strip("_")
            if file_format.has_feature_datasets and not template.base
            else "",
        )
        for template in templates
    ]


def _make_column(
    template_field: TemplateField, template: Template, file_format: DatabaseFormat, code_lists: Mapping[str, CodeList]
) -> LayerColumn:
    """Return the database column for a field of a template."""
    kind = file_format.choose_ogr_type(template_field)
    return LayerColumn(
        name=template_field.name,
        kind=kind,
        length=(template_field.length or 0) if kind == "String" else 0,
        alias=template_field.alias,
        is_nullable=template_field.constraint != "M",
        domain=_make_coded_domain(template_field, template, kind, code_lists) if template_field.codes else None,
        default=template_field.default or (template.feature_code if template_field.meaning == "feature_code" else ""),
    )


def _make_coded_domain(
    template_field: TemplateField, template: Template, kind: str, code_lists: Mapping[str, CodeList]
) -> CodedDomain:
    """Return the code list of a field as a coded domain.

    Codes are padded with zeros if the template stores them padded.
    """
    codes = code_lists.get(template_field.codes)
    if codes is None:
        raise DataError(
            "template_list_missing",
            layer=template.role,
            field=template_field.name,
            name=template_field.codes,
            known=", ".join(sorted(code_lists)),
        )
    pad = template_field.code_pad
    name = "_".join([codes.id, *([str(pad)] if pad else []), *([kind] if kind != "String" else [])])
    return CodedDomain(name, codes.id, kind, codes.get_names_by_written_code(pad))
