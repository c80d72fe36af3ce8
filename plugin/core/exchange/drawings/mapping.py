# SPDX-License-Identifier: GPL-2.0-or-later
"""Which layer of a drawing becomes which layer of the database, as data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

from ....paths import DRAWINGS_FOLDER
from ...errors import DataError
from ...files.data import SOURCE_MARKS, check_keys, check_type, read_toml
from ...standard import load_standard
from ...standard.template import CodeList, Template
from .layer_fields import PROJECT, make_project_template
from .settings import SETTINGS_FILE

DEFAULT_MAPPING = "layers"
_REQUIRED_KEYS = ("name", "mark", "source", "standard", "unmapped", "layer")
_LIST, _AS_PROJECT = "list", "project"
_POLYGON = "polygon"


@dataclass(frozen=True)
class TextField:
    """A field that takes the texts that a pattern matches in whole."""

    field: str
    pattern: re.Pattern[str]

    def match(self, text: str) -> str | None:
        """Return the value that a text gives the field; None if it does not match."""
        found = self.pattern.fullmatch(text)
        if found is None:
            return None
        return next((group for group in found.groups() if group is not None), text).strip()


@dataclass(frozen=True)
class LayerTarget:
    """What layers of a drawing become. ``names``: patterns in capitals; ``template``: of the layer of the database."""

    names: tuple[str, ...]
    template: Template
    text_fields: tuple[TextField, ...]


@dataclass(frozen=True)
class DrawingMapping:
    """A mapping of layers.

    ``titles``: language → name; ``unmapped``: what layers without an entry become, None if they are only listed;
    ``code_lists``: of the standard.
    """

    id: str
    titles: dict[str, str]
    targets: tuple[LayerTarget, ...]
    unmapped: LayerTarget | None
    code_lists: dict[str, CodeList]

    def get_title(self, lang: str) -> str:
        """Return the name of the mapping in a language."""
        return self.titles[lang]

    def find_target(self, layer: str) -> LayerTarget | None:
        """Return what a layer of a drawing becomes; None if it is not taken."""
        name = layer.strip().upper()
        for target in self.targets:
            if any(fnmatchcase(name, pattern) for pattern in target.names):
                return target
        return self.unmapped


def list_mapping_ids() -> list[str]:
    """Return the ids of the mappings that the plugin has."""
    return sorted(path.stem for path in DRAWINGS_FOLDER.glob("*.toml") if path != SETTINGS_FILE)


def load_mapping(name: str) -> DrawingMapping:
    """Return a mapping by its id, or by the path of a .toml file; the default one for an empty name.

    Raises
    ------
    DataError
        The mapping does not exist (the error lists the ids), or its file has an error (with file and key).
    """
    name = name.strip() or DEFAULT_MAPPING
    path = DRAWINGS_FOLDER / f"{name}.toml"
    if name not in list_mapping_ids():
        path = Path(name)
        if path.suffix.lower() != ".toml" or not path.is_file():
            raise DataError("drawing_mapping_unknown", value=name, known=", ".join(list_mapping_ids()))
    return _read_mapping(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=16)
def _read_mapping(path: Path, modified_ns: int) -> DrawingMapping:
    """Read a mapping from its file; cached until the file is modified."""
    table = read_toml(path)
    check_keys(table, required=_REQUIRED_KEYS, allowed=("name_en",), file=path)
    for key in table:
        check_type(table[key], list if key == "layer" else str, file=path, key=key)
    for key, known in (("mark", SOURCE_MARKS), ("unmapped", (_LIST, _AS_PROJECT))):
        if table[key] not in known:
            raise DataError("data_value_unknown", file=str(path), key=key, value=table[key], known=", ".join(known))
    standard = load_standard(table["standard"])
    templates = standard.templates
    targets = tuple(
        _read_target(row, f"layer[{number}]", templates, path) for number, row in enumerate(table["layer"], start=1)
    )
    as_project = next((target for target in targets if target.template.role == PROJECT), None)
    as_project = as_project or LayerTarget((), make_project_template(), ())
    titles = {"zh": table["name"], "en": table.get("name_en", table["name"])}
    unmapped = as_project if table["unmapped"] == _AS_PROJECT else None
    return DrawingMapping(path.stem, titles, targets, unmapped, standard.code_lists)


def _read_target(row: Any, entry: str, templates: dict[str, Template], path: Path) -> LayerTarget:
    """Return an entry of a mapping. Raise DataError with file and key."""
    check_type(row, dict, file=path, key=entry)
    check_keys(row, required=("names", "role"), allowed=("text",), file=path, where=entry)
    names = check_type(row["names"], list, file=path, key=f"{entry}.names")
    role = check_type(row["role"], str, file=path, key=f"{entry}.role")
    polygon_roles = [code for code, template in templates.items() if template.geometry == _POLYGON]
    if role != _AS_PROJECT and role not in polygon_roles:
        known = ", ".join([_AS_PROJECT, *sorted(polygon_roles)])
        raise DataError("data_value_unknown", file=str(path), key=f"{entry}.role", value=role, known=known)
    template = make_project_template() if role == _AS_PROJECT else templates[role]
    rows = check_type(row.get("text", []), list, file=path, key=f"{entry}.text")
    fields = tuple(
        _read_text_field(one, f"{entry}.text[{number}]", template, path) for number, one in enumerate(rows, start=1)
    )
    patterns = tuple(check_type(name, str, file=path, key=f"{entry}.names").strip().upper() for name in names)
    return LayerTarget(patterns, template, fields)


def _read_text_field(row: Any, entry: str, template: Template, path: Path) -> TextField:
    """Return a field that takes texts. Raise DataError with file and key."""
    check_type(row, dict, file=path, key=entry)
    check_keys(row, required=("field", "pattern"), allowed=(), file=path, where=entry)
    name, pattern = (str(check_type(row[key], str, file=path, key=f"{entry}.{key}")) for key in ("field", "pattern"))
    known = [field.name for field in template.fields if field.type != "date"]
    if name not in known:
        raise DataError("data_value_unknown", file=str(path), key=f"{entry}.field", value=name, known=", ".join(known))
    try:
        return TextField(name, re.compile(pattern))
    except re.error as error:
        raise DataError(
            "data_value_kind", file=str(path), key=f"{entry}.pattern", value=pattern, expected=str(error)
        ) from error
