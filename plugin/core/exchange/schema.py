# SPDX-License-Identifier: GPL-2.0-or-later
"""Field types, geometry types and coded domains of templates in the formats of databases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..base.errors import DataError, OutputError
from ..standard.template import OGR_TYPES, CodeList, Template, TemplateField

#: Multi types also hold single geometries; a layer that was split and merged holds both.
OGR_GEOMETRY_TYPES = {"polygon": "MultiPolygon", "line": "MultiLineString", "point": "Point"}
#: Shapely's type ids by the geometry of a template.
SHAPELY_TYPE_IDS = {"polygon": (3, 6), "line": (1, 2, 5), "point": (0, 4)}


@dataclass(frozen=True)
class DatabaseFormat:
    """A file format with the field type for each type of the templates.

    ``ogr_types``: as `OGR_TYPES`, for this format.
    """

    gdal_driver: str
    file_suffix: str
    ogr_types: dict[str, str]

    def choose_ogr_type(self, template_field: TemplateField) -> str:
        """Return OGR's name of the type of a template's field in this format."""
        # Ten digits may exceed a 32-bit integer.
        is_long = template_field.type == "integer" and (template_field.length or 0) >= 10
        return self.ogr_types["long" if is_long else template_field.type]


#: Neither format stores the length of a number: 15,2 in a template becomes a double. FileGDB (as GDAL writes it) has no
#: 64-bit integers, and its dates have a time of day.
DATABASE_FORMATS = {
    ".gpkg": DatabaseFormat("GPKG", ".gpkg", OGR_TYPES),
    ".gdb": DatabaseFormat("OpenFileGDB", ".gdb", OGR_TYPES | {"long": "Real", "date": "DateTime"}),
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


def find_database_format(target: str | Path) -> DatabaseFormat:
    """Return the database format for a path's suffix.

    Raises OutputError for an unknown suffix.
    """
    database_format = DATABASE_FORMATS.get(Path(target).suffix.lower())
    if database_format is None:
        raise OutputError("output_format", target=str(target), known=" ".join(DATABASE_FORMATS))
    return database_format


def make_coded_domains(
    templates: Iterable[Template], file_format: DatabaseFormat, code_lists: Mapping[str, CodeList]
) -> dict[tuple[str, str], CodedDomain]:
    """Return (layer code, field) → its code list as a coded domain, for the fields that have one.

    Codes are padded with zeros if the template stores them padded. Raises DataError for a code list that does not
    exist.
    """
    domains = {}
    for template in templates:
        for field_ in filter(lambda one: one.codes, template.fields):
            codes = code_lists.get(field_.codes)
            if codes is None:
                known = ", ".join(sorted(code_lists))
                raise DataError(
                    "template_list_missing", layer=template.role, field=field_.name, name=field_.codes, known=known
                )
            pad, kind = field_.code_pad, file_format.choose_ogr_type(field_)
            name = "_".join([codes.id, *([str(pad)] if pad else []), *([kind] if kind != "String" else [])])
            domain = CodedDomain(name, codes.id, kind, codes.get_names_by_written_code(pad))
            domains[template.role, field_.name] = domain
    return domains
