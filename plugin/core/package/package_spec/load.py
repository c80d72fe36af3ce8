# SPDX-License-Identifier: GPL-2.0-or-later
"""Loading of a package specification from `resources/packages` or a province's file, its validation and its tree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ....paths import PACKAGE_SPECS_FOLDER
from ...base.errors import DataError
from ...base.files.data import (
    ErrorCollector,
    check_keys,
    check_known,
    check_type,
    check_unique,
    find_data_file,
    list_record_items,
    read_record,
    read_toml,
    read_value,
)
from ...render.words import ReportTexts
from ...standard import Standard, load_standard
from ...standard.map_set import load_map_set
from ...standard.messages.texts import Texts
from ..names import PLACEHOLDER_PATTERNS, SAMPLE_VALUES, fill_placeholders
from .spec import FileSlot, LayerSlot, MapSettings, NamedFile, PackageSpec, VectorSet
from .spec_tables import (
    check_map_slots,
    check_name_pattern,
    check_placeholders,
    check_portable_name,
    read_file_slot,
    read_named_file,
    read_vector_set,
)

_ITEMS = list_record_items(PackageSpec)
#: Keys that describe the specification, and what the plugin adds; no norm requires them.
_KEYS_WITHOUT_MARK = ("id", "name", "standard", "source", "marks", "report")
#: Values of the required fields where the file has none or an invalid one.
_EMPTY_VALUES: dict[str, Any] = {
    **dict.fromkeys(("id", "name", "standard", "source", "root", "secrecy"), ""),
    "digits": 6,
    "folders": {},
    "vectors": (),
    **dict.fromkeys(("report", "metadata"), NamedFile("", "")),
}
#: Key of a generated file → suffixes that are added to its name.
SUFFIXES_OF_NAMED_FILES = {"report": (".html", ".json"), "metadata": ("",), "tables": (".xlsx",)}
#: Values of placeholders where a package that does not exist yet is shown.
_SAMPLE_VALUES = {**SAMPLE_VALUES, "title": "……"}

_UNFILLED_PLACEHOLDERS = {name: f"{{{name}}}" for name in PLACEHOLDER_PATTERNS}


def read_spec(path: Path, errors: ErrorCollector) -> PackageSpec:
    """Read a package specification from its file; add all errors to ``errors``.

    A value with an error remains empty. The caller must inspect ``errors`` before using the result.
    """
    table = read_toml(path)
    # A folder with an invalid name remains known, so that files in it cause no further errors.
    folders = table["folders"] if isinstance(table.get("folders"), dict) else {}
    values: dict[str, Any] = dict(_EMPTY_VALUES)
    for key in dict.fromkeys((*_ITEMS, *table)):
        with errors.collect_data_error():
            check_keys(
                {key: table[key]} if key in table else {},
                required=[key] if key in _ITEMS and _ITEMS[key].is_required else [],
                allowed=_ITEMS,
                file=path,
            )
            if key in table:
                values[_ITEMS[key].field_name] = _read_item(key, table[key], path, folders, errors)
    spec = PackageSpec(**values, path=path)
    for key, name in spec.folders.items():
        with errors.collect_data_error():
            for part in name.split("/"):
                check_portable_name(part, path, f"folders.{key}")
    with errors.collect_data_error():
        check_name_pattern(spec.root or "{code}", path, "root")
    with errors.collect_data_error():
        check_unique([*(one.id for one in spec.vectors), *(slot.id for slot in spec.files)], path, "id")
    with errors.collect_data_error():
        check_map_slots(spec.map_files, spec.maps, path)
    with errors.collect_data_error():
        if spec.secrecy:
            check_known(spec.secrecy, spec.secrecy_levels or (spec.secrecy,), path, "secrecy")
    with errors.collect_data_error():
        for key in spec.marks:
            check_known(key.split(".")[0], _ITEMS, path, f"marks.{key}")
    # A key without a mark has C.
    keys_with_mark = {*_KEYS_WITHOUT_MARK, *(key.split(".")[0] for key in spec.marks)}
    return replace(spec, marks=spec.marks | {key: "C" for key in table if key in _ITEMS and key not in keys_with_mark})


def _read_item(key: str, value: Any, path: Path, folders: dict[str, Any], errors: ErrorCollector) -> Any:
    """Return a value of the file as its key requires; add the errors of each row of a list of tables to ``errors``.

    Raise DataError for an error in another value.
    """
    if key in SUFFIXES_OF_NAMED_FILES:
        return read_named_file(value, key, path, folders)
    if key == "maps":
        # The path of the map set is relative to the specification's file.
        settings = read_record(MapSettings, value, file=path, where="maps")
        for name in ("maker", "drawer", "date"):
            check_placeholders(getattr(settings, name), path, f"maps.{name}")
        if settings.map_set:
            settings = replace(settings, map_set=str(path.parent / settings.map_set))
        check_known(settings.page, load_map_set(settings.map_set).page_size_by_id, path, "maps.page")
        return settings
    if key not in ("vector", "document", "map", "table"):
        return read_value(value, _ITEMS[key].kind, file=path, key=key)
    rows: list[VectorSet | FileSlot] = []
    for n, row in enumerate(check_type(value, list, file=path, key=key), 1):
        with errors.collect_data_error():
            where = f"{key}[{n}]"
            rows.append(
                read_vector_set(row, where, path, folders)
                if key == "vector"
                else read_file_slot(key, row, where, path, folders)
            )
    return tuple(rows)


def find_spec_problems(name: str | Path) -> list[DataError]:
    """Return all errors of a specification, including conflicts with its standard.

    ``name`` is its id or file.

    Raises
    ------
    DataError
        If the specification does not exist.
    """
    errors = ErrorCollector(keep=True)
    path = find_data_file(name, PACKAGE_SPECS_FOLDER, "package_unknown")
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
        dissolved = [role for pair in gathering.dissolved.items() for role in pair]
        for part, role in [
            *(("renamed", r) for r in gathering.renamed.values()),
            *(("dissolved", r) for r in dissolved),
        ]:
            if role not in standard.templates:
                raise DataError(
                    "package_layer_unknown",
                    file=str(package_spec.path),
                    key=f"gathering.{part}",
                    value=role,
                    standard=standard.id,
                    known="…",
                )
    paths = [
        (f"vector[{n}]", package_spec.get_file_path(one.folder, one.file))
        for n, one in enumerate(package_spec.vectors, 1)
    ]
    paths += [(f"{slot.kind} {slot.id}", _make_slot_path(slot, package_spec)) for slot in package_spec.files]
    paths += [
        (key, package_spec.get_file_path(named_file.folder, f"{named_file.file}{suffix}"))
        for key, named_file in _list_named_files(package_spec)
        for suffix in SUFFIXES_OF_NAMED_FILES[key]
    ]
    places: dict[str, str] = {}
    for key, path in paths:
        with errors.collect_data_error():
            if (other := places.setdefault(path.lower(), key)) != key:
                raise DataError("package_same_place", file=str(package_spec.path), key=key, other=other, value=path)


def _make_slot_path(slot: FileSlot, package_spec: PackageSpec) -> str:
    """Return the path of a slot's file in the package, with the placeholders of county and year."""
    name = fill_placeholders(slot.file, {**_UNFILLED_PLACEHOLDERS, **slot.placeholder_values})
    return package_spec.get_file_path(slot.folder, name)


def _list_named_files(package_spec: PackageSpec) -> list[tuple[str, NamedFile]]:
    """Return key → generated file of a specification, without the workbook if the specification has no tables."""
    named_files = ((key, getattr(package_spec, key)) for key in SUFFIXES_OF_NAMED_FILES)
    return [(key, named_file) for key, named_file in named_files if named_file is not None]


def _check_layer_slot(slot: LayerSlot, key: str, package_spec: PackageSpec, standard: Standard) -> None:
    """Raise DataError for a layer or field that the standard does not have."""
    roles = standard.concepts.get(slot.layer, (slot.layer,))
    templates = [standard.templates[role] for role in roles if role in standard.templates]
    if not templates:
        raise DataError(
            "package_layer_unknown",
            file=str(package_spec.path),
            key=key,
            value=slot.layer,
            standard=standard.id,
            known=", ".join([*standard.concepts, "…"]),
        )
    for part, field_names in (("fields", slot.fields), ("names", tuple(slot.names_by_field))):
        for name in field_names:
            if not any(template.find_field_by_name(name) for template in templates):
                raise DataError(
                    "package_field_unknown",
                    file=str(package_spec.path),
                    key=f"{key}.{part}",
                    value=name,
                    layer=slot.layer,
                    known=", ".join(f.name for f in templates[0].fields),
                )


def find_layer_title(layer: str, standard: Standard, texts: Texts) -> str:
    """Return the title of a layer code or of a concept, such as ``farmland``."""
    return standard.templates[layer].name if layer in standard.templates else texts.get_concept_name(layer)


def list_package_tree(package_spec: PackageSpec, texts: Texts) -> list[str]:
    """Return the folders and files of a package as lines of text.

    Each line states what a file contains and whether it is required.
    """
    report_texts, standard = ReportTexts(texts.lang), load_standard(package_spec.standard)
    rows = [
        (
            package_spec.get_file_path(vectors.folder, vectors.file),
            texts.get(
                "form",
                "vector",
                crs=f"{vectors.crs} + {vectors.vertical}" if vectors.vertical else vectors.crs,
                layers=texts.get("words", "between_names").join(
                    slot.name or find_layer_title(slot.layer, standard, texts)
                    for slot in vectors.layers
                    if slot.need == "M"
                ),
            ),
        )
        for vectors in package_spec.vectors
    ]
    rows += [
        (_make_slot_path(slot, package_spec), texts.get("form", f"need_{slot.need}", title=slot.title))
        for slot in package_spec.files
    ]
    for key, named_file in _list_named_files(package_spec):
        name = f"{named_file.file}{'/'.join(SUFFIXES_OF_NAMED_FILES[key])}"
        rows.append((package_spec.get_file_path(named_file.folder, name), texts.get("form", key)))
    root = fill_placeholders(package_spec.root, _SAMPLE_VALUES)
    lines = [
        texts.get("form", "head", name=package_spec.name, standard=package_spec.standard, source=package_spec.source),
        f"{root}/",
    ]
    lines += [f"  {fill_placeholders(path, _SAMPLE_VALUES)} · {description}" for path, description in sorted(rows)]
    if package_spec.unverified_keys:
        keys = (report_texts.get_text_or_key("form_key", key) for key in package_spec.unverified_keys)
        lines.append(texts.get("form", "unverified", keys=report_texts.join_parts(keys)))
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
    spec = read_spec(find_data_file(name, PACKAGE_SPECS_FOLDER, "package_unknown"), ErrorCollector())
    collect_layer_and_path_errors(spec, ErrorCollector())
    return spec
