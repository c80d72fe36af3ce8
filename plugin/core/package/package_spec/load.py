# SPDX-License-Identifier: GPL-2.0-or-later
"""Loading of a package specification from `resources/packages` or a province's file, its validation and its tree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ....paths import PACKAGE_SPECS_FOLDER
from ...base.errors import DataError
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
from ...render.words import ReportTexts
from ...standard import Standard, load_standard
from ...standard.messages.texts import Texts
from ..names import PLACEHOLDER_PATTERNS, SAMPLE_VALUES, fill_placeholders
from .spec import METADATA_ITEMS, FileSlot, GatheringSpec, LayerSlot, NamedFile, PackageSpec
from .spec_tables import (
    MapSettings,
    check_map_slots,
    check_name_pattern,
    check_portable_name,
    read_file_slot,
    read_map_settings,
    read_named_file,
    read_vector_set,
)

_ITEMS = list_record_items(PackageSpec)
#: Keys that describe the specification, and what the plugin adds; no norm requires them.
_KEYS_WITHOUT_MARK = ("id", "name", "standard", "source", "marks", "report")
_Part = TypeVar("_Part")
#: Values of placeholders where a package that does not exist yet is shown.
_SAMPLE_VALUES = {**SAMPLE_VALUES, "title": "……"}

_UNFILLED_PLACEHOLDERS = {name: f"{{{name}}}" for name in PLACEHOLDER_PATTERNS}


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
    slots_by_kind: dict[str, tuple[FileSlot, ...]] = {}
    for kind in ("document", "map", "table"):
        rows = _read_part(errors, [], _read_typed, table.get(kind, []), list, path, kind)
        slots = [
            _read_part(errors, None, read_file_slot, kind, row, f"{kind}[{n}]", path, folders)
            for n, row in enumerate(rows, 1)
        ]
        slots_by_kind[kind] = tuple(slot for slot in slots if slot is not None)
    sets = tuple(one for one in vectors if one is not None)
    with errors.collect_data_error():
        ids = [v.id for v in sets] + [slot.id for slots_of_kind in slots_by_kind.values() for slot in slots_of_kind]
        check_unique(ids, path, "id")
    maps = _read_part(errors, MapSettings(), read_map_settings, table.get("maps", {}), path)
    with errors.collect_data_error():
        check_map_slots(slots_by_kind["map"], maps, path)
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
        documents=slots_by_kind["document"],
        map_files=slots_by_kind["map"],
        table_files=slots_by_kind["table"],
        report=named_files.get("report", no_file),
        metadata=named_files.get("metadata", no_file),
        tables=named_files.get("tables"),
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


def find_spec_problems(name: str | Path) -> list[DataError]:
    """Return all errors of a specification, including conflicts with its standard.

    ``name`` is its id or file.

    Raises
    ------
    DataError
        If the specification does not exist.
    """
    errors = ErrorCollector(keep=True)
    path = find_spec_file(name)
    with errors.collect_data_error():
        spec = read_spec(path, errors)
        if not errors.found:
            collect_layer_and_path_errors(spec, errors)
    return errors.found


def collect_layer_and_path_errors(package_spec: PackageSpec, errors: ErrorCollector) -> None:
    """Add to ``errors`` the layers and fields that the standard lacks, and files with the same path."""
    standard = load_standard(package_spec.standard)
    for n, vectors in enumerate(package_spec.vectors, 1):
        for m, slot in enumerate(vectors.layers, 1):
            with errors.collect_data_error():
                _check_layer_slot(slot, f"vector[{n}].layer[{m}]", package_spec, standard)
    with errors.collect_data_error():
        gathering = package_spec.gathering
        rows = [("renamed", role) for role in gathering.renamed.values()]
        rows += [("dissolved", role) for pair in gathering.dissolved.items() for role in pair]
        for part, role in rows:
            if role not in standard.templates:
                raise DataError(
                    "package_layer_unknown",
                    file=str(package_spec.path),
                    key=f"gathering.{part}",
                    value=role,
                    standard=standard.id,
                    known="…",
                )
    get_path = package_spec.get_file_path
    paths = [(f"vector[{n}]", get_path(one.folder, one.file)) for n, one in enumerate(package_spec.vectors, 1)]
    for file_slot in package_spec.files:
        name = fill_placeholders(file_slot.file, {**_UNFILLED_PLACEHOLDERS, **file_slot.placeholder_values})
        paths.append((f"{file_slot.kind} {file_slot.id}", get_path(file_slot.folder, name)))
    for key, named_file, suffixes in (
        ("metadata", package_spec.metadata, ("",)),
        ("report", package_spec.report, (".html", ".json")),
        ("tables", package_spec.tables, (".xlsx",)),
    ):
        if named_file is not None:
            paths += [(key, get_path(named_file.folder, f"{named_file.file}{suffix}")) for suffix in suffixes]
    places: dict[str, str] = {}
    for key, path in paths:
        with errors.collect_data_error():
            if path.lower() in places:
                raise DataError(
                    "package_same_place", file=str(package_spec.path), key=key, other=places[path.lower()], value=path
                )
        places[path.lower()] = key


def _check_layer_slot(slot: LayerSlot, key: str, package_spec: PackageSpec, standard: Standard) -> None:
    """Raise DataError for a layer or field that the standard does not have."""
    roles = standard.concepts.get(slot.layer, (slot.layer,))
    templates = [standard.templates[role] for role in roles if role in standard.templates]
    if not templates:
        known_layers = ", ".join([*standard.concepts, "…"])
        raise DataError(
            "package_layer_unknown",
            file=str(package_spec.path),
            key=key,
            value=slot.layer,
            standard=standard.id,
            known=known_layers,
        )
    for part, field_names in (("fields", slot.fields), ("names", tuple(slot.names_by_field))):
        for name in field_names:
            if not any(template.find_field_by_name(name) for template in templates):
                fields = ", ".join(f.name for f in templates[0].fields)
                raise DataError(
                    "package_field_unknown",
                    file=str(package_spec.path),
                    key=f"{key}.{part}",
                    value=name,
                    layer=slot.layer,
                    known=fields,
                )


def find_layer_title(layer: str, standard: Standard, texts: Texts) -> str:
    """Return the title of a layer code or of a concept, such as ``farmland``."""
    return standard.templates[layer].name if layer in standard.templates else texts.get_concept_name(layer)


def list_package_tree(package_spec: PackageSpec, texts: Texts) -> list[str]:
    """Return the folders and files of a package as lines of text.

    Each line states what a file contains and whether it is required.
    """
    rows: list[tuple[str, str]] = []
    report_texts, standard = ReportTexts(texts.lang), load_standard(package_spec.standard)
    for vectors in package_spec.vectors:
        layers = texts.get("words", "between_names").join(
            (slot.name or find_layer_title(slot.layer, standard, texts)) for slot in vectors.layers if slot.need == "M"
        )
        crs = f"{vectors.crs} + {vectors.vertical}" if vectors.vertical else vectors.crs
        rows.append(
            (
                package_spec.get_file_path(vectors.folder, vectors.file),
                texts.get("form", "vector", crs=crs, layers=layers),
            )
        )
    for slot in package_spec.files:
        name = fill_placeholders(slot.file, {**_UNFILLED_PLACEHOLDERS, **slot.placeholder_values})
        rows.append(
            (package_spec.get_file_path(slot.folder, name), texts.get("form", f"need_{slot.need}", title=slot.title))
        )
    for key, named_file, suffix in (
        ("report", package_spec.report, ".html/.json"),
        ("metadata", package_spec.metadata, ""),
        ("tables", package_spec.tables, ".xlsx"),
    ):
        if named_file is not None:
            rows.append(
                (package_spec.get_file_path(named_file.folder, f"{named_file.file}{suffix}"), texts.get("form", key))
            )
    root = fill_placeholders(package_spec.root, _SAMPLE_VALUES)
    lines = [
        texts.get("form", "head", name=package_spec.name, standard=package_spec.standard, source=package_spec.source),
        f"{root}/",
    ]
    lines += [f"  {fill_placeholders(path, _SAMPLE_VALUES)} · {description}" for path, description in sorted(rows)]
    if package_spec.unverified_keys:
        lines.append(
            texts.get(
                "form",
                "unverified",
                keys=report_texts.join_parts(
                    report_texts.get_text_or_key("form_key", k) for k in package_spec.unverified_keys
                ),
            )
        )
    return lines


def load_package_spec(name: str | Path) -> PackageSpec:
    """Load a specification by id or path.

    Conflicts with the standard are errors: a field that the layer does not have would not be written, and of two
    files in one place one would be lost.

    Raises
    ------
    DataError
        For the first error, with file and key.
    """
    spec = read_spec(find_spec_file(name), ErrorCollector())
    collect_layer_and_path_errors(spec, ErrorCollector())
    return spec
