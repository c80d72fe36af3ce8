# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading of the tables in a specification's file.

All functions raise DataError with file and key.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pyproj import CRS
from pyproj.exceptions import CRSError

from ...base.errors import DataError, OutputError
from ...base.files.data import (
    check_keys,
    check_known,
    check_type,
    check_unique,
    read_record,
)
from ...base.files.names import find_name_problem
from ...standard.map_set import load_map_set
from ...standard.messages.texts import Texts
from ..names import (
    DEFAULT_PLACEHOLDERS,
    PLACEHOLDER_PATTERNS,
    SAMPLE_VALUES,
    fill_placeholders,
    find_field_name_problem,
)
from .spec import (
    DATA_SET_SUFFIXES,
    GENERATED_SUFFIXES,
    LAYER_METADATA_ITEMS,
    METADATA_CONTAINER_ELEMENTS,
    METADATA_ITEMS,
    PACKAGE_METADATA_ITEMS,
    FileSlot,
    MapSettings,
    NamedFile,
    VectorSet,
)

#: Additional keys of a slot by its kind.
_OPTIONAL_SLOT_KEYS = {"map": ("number", "layout"), "document": ("generated", "least_pages", "parts")}


def check_name_pattern(
    pattern: str, path: Path, key: str, known_placeholders: tuple[str, ...] = DEFAULT_PLACEHOLDERS
) -> None:
    """Raise DataError for a name pattern with an unknown placeholder, or whose filled name is not portable."""
    check_placeholders(pattern, path, key, known_placeholders)
    check_portable_name(fill_placeholders(pattern, SAMPLE_VALUES), path, key)


def check_placeholders(text: str, path: Path, key: str, known_values: tuple[str, ...] = DEFAULT_PLACEHOLDERS) -> None:
    """Raise DataError for an unknown placeholder, or a single brace."""
    try:
        parts = [part[1:] for part in string.Formatter().parse(text) if part[1] is not None]
        unknown = [name for name, *formats in parts if name not in known_values or any(formats)]
    except ValueError:
        unknown = [text]
    if unknown:
        raise DataError(
            "package_placeholder",
            file=str(path),
            key=key,
            value=unknown[0],
            known=" ".join(f"{{{name}}}" for name in known_values),
        )


def check_portable_name(name: str, path: Path, key: str) -> None:
    """Raise DataError for a name that is not portable."""
    if problem := find_name_problem(name):
        raise DataError("package_name", file=str(path), key=key, value=name, detail=problem)


def check_crs_text(text: str, path: Path, key: str, is_vertical: bool = False) -> None:
    """Raise DataError unless a text names a CRS.

    It must be a vertical CRS if ``is_vertical``, else a geographic or projected one.
    """
    error = DataError("package_crs", file=str(path), key=key, value=text)
    try:
        crs = CRS.from_user_input(text)
    except CRSError as cause:
        raise error from cause
    if crs.is_vertical is not is_vertical or not (is_vertical or crs.is_geographic or crs.is_projected):
        raise error


def check_map_slots(map_files: Iterable[FileSlot], settings: MapSettings, path: Path) -> None:
    """Raise an error for invalid maps of a specification.

    Raises
    ------
    DataError
        For a layout that the map set does not have, an invalid number, a map with a layout that names several files,
        and two maps with one number or layout.
    """
    maps = load_map_set(settings.map_set).map_by_id
    used_values: dict[str, set[str]] = {"number": set(), "layout": set()}
    for n, slot in enumerate(map_files, start=1):
        if slot.layout:
            check_known(slot.layout, maps, path, f"map[{n}].layout")
            if not slot.number:
                raise DataError("data_key_missing", file=str(path), key=f"map[{n}].number")
            check_known(Path(slot.file).suffix.lower(), (".jpg", ".jpeg"), path, f"map[{n}].file")
        if slot.number and (
            problem := find_name_problem(fill_placeholders(slot.file, {**SAMPLE_VALUES, **slot.placeholder_values}))
        ):
            raise DataError("package_name", file=str(path), key=f"map[{n}].title", value=slot.title, detail=problem)
        for key, values in used_values.items():
            value = getattr(slot, key)
            if value and value in values:
                raise DataError("data_duplicate", file=str(path), key=f"map[{n}].{key}", value=value)
            values.add(value)


def read_vector_set(row: Any, table_key: str, path: Path, folders: dict[str, str]) -> VectorSet:
    """Return the specification of a data set from its table in the file.

    ``row``: the table's values; ``table_key``: its key, for errors; ``folders``: key of a folder → its name.
    """
    vector_set = read_record(VectorSet, row, file=path, where=table_key)
    check_known(vector_set.folder, folders, path, f"{table_key}.folder")
    check_name_pattern(vector_set.file, path, f"{table_key}.file")
    check_known(vector_set.suffix, DATA_SET_SUFFIXES, path, f"{table_key}.file")
    check_crs_text(vector_set.crs, path, f"{table_key}.crs")
    if vector_set.vertical:
        check_crs_text(vector_set.vertical, path, f"{table_key}.vertical", is_vertical=True)
    if vector_set.suffix == ".vct":
        # Imported here, because the list of specifications must also work without shapely.
        from ...exchange.vct.head import VERTICAL_CRS, check_supported_crs

        # A VCT file has GBK, CGCS2000, and heights of 1985 or none.
        vector_set = replace(vector_set, encoding=row.get("encoding", "GBK"))
        check_known(vector_set.encoding, ("GBK",), path, f"{table_key}.encoding")
        check_known(vector_set.vertical, ("", VERTICAL_CRS), path, f"{table_key}.vertical")
        try:
            check_supported_crs(CRS.from_user_input(vector_set.crs), vector_set.id)
        except OutputError as error:
            raise DataError("package_crs", file=str(path), key=f"{table_key}.crs", value=vector_set.crs) from error
    if vector_set.suffix == ".shp" and vector_set.vertical:
        # Not every program finds heights in a .prj, and GDAL drops heights combined with EPSG:4490.
        raise DataError("package_vertical", file=str(path), key=f"{table_key}.vertical", value=vector_set.vertical)
    return vector_set


def read_file_slot(kind: str, row: Any, table_key: str, path: Path, folders: dict[str, str]) -> FileSlot:
    """Return the specification of a document, map or table from its table in the file.

    ``row``: the table's values; ``table_key``: its key, for errors; ``folders``: key of a folder → its name.
    """
    check_type(row, dict, file=path, key=table_key)
    check_keys(
        row,
        required=("id", "title", "folder", "file", "need"),
        allowed=_OPTIONAL_SLOT_KEYS.get(kind, ()),
        file=path,
        where=table_key,
    )
    slot = read_record(FileSlot, row, file=path, where=table_key, given={"kind": kind})
    check_known(slot.folder, folders, path, f"{table_key}.folder")
    check_name_pattern(slot.file, path, f"{table_key}.file", tuple(PLACEHOLDER_PATTERNS))
    if slot.generated:
        check_known(Path(slot.file).suffix.lower(), GENERATED_SUFFIXES, path, f"{table_key}.file")
        # A name with a number or title is the name of several files.
        check_name_pattern(slot.file, path, f"{table_key}.file")
    return slot


def read_named_file(row: Any, table_key: str, path: Path, folders: dict[str, str]) -> NamedFile:
    """Return the specification of a generated file from its table in the file.

    ``row``: the table's values; ``table_key``: its key, for errors; ``folders``: key of a folder → its name.
    """
    named_file = read_record(NamedFile, row, file=path, where=table_key)
    items = METADATA_ITEMS if table_key == "metadata" else ()
    other_keys = {"metadata": ["names"], "report": ["former_files"], "tables": ["titles", "heads"]}[table_key]
    check_keys(
        row, required=("names",) if items else (), allowed=("folder", "file", *other_keys), file=path, where=table_key
    )
    check_known(named_file.folder, folders, path, f"{table_key}.folder")
    check_name_pattern(named_file.file, path, f"{table_key}.file")
    texts = Texts("zh")
    for key, aliases, section in (("titles", named_file.titles, "sheets"), ("heads", named_file.heads, "columns")):
        for one in aliases:
            check_known(one, texts.get_section(section), path, f"{table_key}.{key}")
    for name in named_file.former_files:
        check_name_pattern(name, path, f"{table_key}.former_files")
    name_by_item = named_file.names_by_item
    if items:
        check_keys(name_by_item, required=items, allowed=(), file=path, where=f"{table_key}.names")
        for key, name in name_by_item.items():
            if name and (problem := find_field_name_problem(name)) == "field_characters":
                raise DataError(
                    "package_name", file=str(path), key=f"{table_key}.names.{key}", value=name, detail=problem
                )
        # Two items with one name in one element could not be distinguished.
        for items_of_element in (("package", "dataset"), PACKAGE_METADATA_ITEMS, LAYER_METADATA_ITEMS):
            names = [name_by_item[key] or key * (key in METADATA_CONTAINER_ELEMENTS) for key in items_of_element]
            check_unique([name for name in names if name], path, f"{table_key}.names")
    return named_file
