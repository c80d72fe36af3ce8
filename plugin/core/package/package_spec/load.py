# SPDX-License-Identifier: GPL-2.0-or-later
"""Loading and validation of a package specification by id or file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...base.errors import DataError
from ...base.files.data import ErrorCollector
from ...render.words import ReportTexts
from ...standard import Standard, load_standard
from ..names import PLACEHOLDER_PATTERNS, SAMPLE_VALUES, fill_placeholders
from .read import find_spec_file, read_spec
from .spec import LayerSlot, PackageSpec

if TYPE_CHECKING:
    from ...standard.messages.texts import Texts


#: Values of placeholders where a package that does not exist yet is shown.
_SAMPLE_VALUES = {**SAMPLE_VALUES, "title": "……"}

_UNFILLED_PLACEHOLDERS = {name: f"{{{name}}}" for name in PLACEHOLDER_PATTERNS}


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
        _check_gathering(package_spec, standard)
    places: dict[str, str] = {}
    for key, path in _list_file_paths(package_spec):
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


def _check_gathering(package_spec: PackageSpec, standard: Standard) -> None:
    """Raise DataError for a layer of the table ``gathering`` that the standard does not have."""
    gathering = package_spec.gathering
    rows = [*(("renamed", one) for one in gathering.renamed.values())]
    rows += [("dissolved", one) for pair in gathering.dissolved.items() for one in pair]
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


def find_layer_title(layer: str, standard: Standard, texts: Texts) -> str:
    """Return the title of a layer code or of a concept, such as ``farmland``."""
    return standard.templates[layer].name if layer in standard.templates else texts.get_concept_name(layer)


def _list_file_paths(package_spec: PackageSpec) -> Iterator[tuple[str, str]]:
    """Yield the key and the path in the package of each file of a specification."""
    for n, vectors in enumerate(package_spec.vectors, 1):
        yield f"vector[{n}]", package_spec.get_file_path(vectors.folder, vectors.file)
    for slot in package_spec.files:
        yield (
            f"{slot.kind} {slot.id}",
            package_spec.get_file_path(
                slot.folder, fill_placeholders(slot.file, {**_UNFILLED_PLACEHOLDERS, **slot.placeholder_values})
            ),
        )
    yield "metadata", package_spec.get_file_path(package_spec.metadata.folder, package_spec.metadata.file)
    for suffix in (".html", ".json"):
        yield "report", package_spec.get_file_path(package_spec.report.folder, f"{package_spec.report.file}{suffix}")
    if package_spec.tables is not None:
        yield "tables", package_spec.get_file_path(package_spec.tables.folder, f"{package_spec.tables.file}.xlsx")


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
