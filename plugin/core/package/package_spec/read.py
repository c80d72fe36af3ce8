# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading of a package specification from `resources/packages` or a province's file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ....paths import PACKAGE_SPECS_FOLDER
from ...base.files.data import (
    ErrorCollector,
    SourceMark,
    check_keys,
    check_known,
    check_type,
    check_unique,
    find_data_file,
    list_record_items,
    read_toml,
    read_value,
)
from .spec import METADATA_ITEMS, GatheringSpec, NamedFile, PackageFile, PackageSpec, TableAndColumnAliases
from .spec_tables import (
    MapSettings,
    check_map_slots,
    check_name_pattern,
    check_portable_name,
    pop_table_and_column_aliases,
    read_file_slot,
    read_map_settings,
    read_named_file,
    read_vector_set,
)

_ITEMS = list_record_items(PackageFile)
#: Keys that describe the specification, and what the plugin adds; no norm requires them.
_KEYS_WITHOUT_MARK = ("id", "name", "standard", "source", "marks", "report")
_FILE_KINDS = ("document", "map", "table")
_Part = TypeVar("_Part")


def list_package_spec_ids() -> list[str]:
    """Return the ids of the specifications that come with the plugin."""
    return sorted(p.stem for p in PACKAGE_SPECS_FOLDER.glob("*.toml"))


def find_spec_file(name: str | Path) -> Path:
    """Return the file of a specification, given by its id or by the path of a .toml.

    Raises
    ------
    DataError
        If the specification does not exist; the error lists the known ids.
    """
    ids = list_package_spec_ids()
    return find_data_file(name, PACKAGE_SPECS_FOLDER, ids, "package_unknown", ids)


def _read_texts(table: dict[str, Any], path: Path, errors: ErrorCollector) -> dict[str, str]:
    """Return the texts of a specification, empty for those with an error; check which keys it has."""
    for key in (*(key for key, item in _ITEMS.items() if item.is_required), *table):
        with errors.collect_data_error():
            check_keys({k: v for k, v in table.items() if k == key}, required=(key,), allowed=(), file=path)
            check_keys({key: None}, required=(), allowed=_ITEMS, file=path)
    texts = dict.fromkeys(("id", "name", "standard", "source", "root", "secrecy"), "")
    for key in texts:
        if key in table:
            with errors.collect_data_error():
                texts[key] = check_type(table[key], str, file=path, key=key)
    return texts


def _read_folders(folder_table: Any, path: Path, errors: ErrorCollector) -> dict[str, str]:
    # A folder with an invalid name remains known, so that files in it cause no further errors.
    folders = _read_part(
        errors,
        {key: key for key in folder_table} if isinstance(folder_table, dict) else {},
        _read_typed,
        folder_table,
        dict[str, str],
        path,
        "folders",
    )
    for key in folders:
        with errors.collect_data_error():
            for part in folders[key].split("/"):
                check_portable_name(part, path, f"folders.{key}")
    return folders


def read_spec(path: Path, errors: ErrorCollector) -> PackageSpec:
    """Read a package specification from its file; add all errors to ``errors``.

    A value with an error remains empty. The caller must inspect ``errors`` before using the result.
    """
    table = read_toml(path)
    texts = _read_texts(table, path, errors)
    digits = table.get("digits", 6)
    with errors.collect_data_error():
        check_known(digits, (2, 4, 6), path, "digits")
    with errors.collect_data_error():
        check_name_pattern(texts["root"] or "{code}", path, "root")
    no_texts: dict[str, str] = {}
    folders = _read_folders(table.get("folders", {}), path, errors)
    rows: list[Any] = _read_part(errors, [], _read_typed, table.get("vector", []), list, path, "vector")
    vectors = [
        _read_part(errors, None, read_vector_set, row, f"vector[{n}]", path, folders) for n, row in enumerate(rows, 1)
    ]
    slots = []
    for kind in _FILE_KINDS:
        rows = _read_part(errors, [], _read_typed, table.get(kind, []), list, path, kind)
        slots += [
            _read_part(errors, None, read_file_slot, kind, row, f"{kind}[{n}]", path, folders)
            for n, row in enumerate(rows, 1)
        ]
    files = tuple(slot for slot in slots if slot is not None)
    sets = tuple(one for one in vectors if one is not None)
    with errors.collect_data_error():
        check_unique([v.id for v in sets] + [f.id for f in files], path, "id")
    table_words_read = _read_part(
        errors, TableAndColumnAliases(), pop_table_and_column_aliases, table.get("tables", {}), path
    )
    maps = _read_part(errors, MapSettings(), read_map_settings, table.get("maps", {}), path)
    with errors.collect_data_error():
        check_map_slots(files, maps, path)
    no_file = NamedFile("", "")
    named_files: dict[str, NamedFile] = {
        key: _read_part(errors, no_file, read_named_file, table[key], key, path, folders, items)
        for key, items in (("report", ()), ("metadata", METADATA_ITEMS), ("tables", ()))
        if key in table
    }
    return PackageSpec(
        **texts,
        digits=digits,
        secrecy_levels=_read_part(errors, (), _read_secrecy_levels, table, path),
        folders=folders,
        vectors=sets,
        files=files,
        report=named_files.get("report", no_file),
        metadata=named_files.get("metadata", no_file),
        tables=named_files.get("tables"),
        words=table_words_read,
        maps=maps,
        gathering=_read_part(
            errors, GatheringSpec(), _read_typed, table.get("gathering", {}), GatheringSpec, path, "gathering"
        ),
        marks=_read_part(errors, no_texts, _read_marks, table.get("marks", {}), path, tuple(table)),
        path=path,
    )


def _read_part(errors: ErrorCollector, empty_value: _Part, read_part: Callable[..., _Part], *arguments: Any) -> _Part:
    """Return what ``read_part(*arguments)`` returns.

    On an error add it to ``errors`` and return ``empty_value``.
    """
    with errors.collect_data_error():
        return read_part(*arguments)
    return empty_value


def _read_typed(value: Any, kind: Any, path: Path, key: str) -> Any:
    """Return a value of the file as its type requires, else raise DataError (`read_value`)."""
    return read_value(value, kind, file=path, key=key)


def _read_secrecy_levels(table: dict[str, Any], path: Path) -> tuple[str, ...]:
    """Return the secrecy levels that a specification allows."""
    levels: tuple[str, ...] = _read_typed(table.get("secrecy_levels", []), tuple[str, ...], path, "secrecy_levels")
    if levels and table.get("secrecy"):
        check_known(table["secrecy"], levels, path, "secrecy")
    return levels


def _read_marks(value: Any, path: Path, present_keys: tuple[str, ...]) -> dict[str, str]:
    """Return key → mark (A, B or C) of a specification; a key without a mark has C.

    ``present_keys``: the keys of the specification's file.
    """
    marks: dict[str, str] = _read_typed(value, dict[str, SourceMark], path, "marks")
    for key in marks:
        check_known(key.split(".")[0], _ITEMS, path, f"marks.{key}")
    marked = {key.split(".")[0] for key in marks}
    return marks | {key: "C" for key in present_keys if key in _ITEMS and key not in (*_KEYS_WITHOUT_MARK, *marked)}
