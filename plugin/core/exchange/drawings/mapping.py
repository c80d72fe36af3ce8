# SPDX-License-Identifier: GPL-2.0-or-later
"""Which layer of a drawing becomes which layer of the database, as data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

from ....paths import DRAWINGS_FOLDER
from ...base.errors import DataError
from ...base.files.data import (
    check_known,
    find_data_file,
    make_unknown_value_error,
    read_toml,
    read_toml_record,
)
from ...standard import list_standard_ids, load_standard
from ...standard.template import CodeList, Template, TemplateField

#: Name of the layer of projects, and the field that has a project's name.
PROJECT = "XMFW"
_AS_PROJECT = "project"


def make_project_template() -> Template:
    """Return the layer of projects as a template."""
    return Template.make_plain(
        PROJECT,
        "项目范围",
        "polygon",
        (TemplateField("XMBH", "项目编号", "text", "C"), TemplateField("XMMC", "项目名称", "text", "C")),
    )


@dataclass(frozen=True)
class TextField:
    """A field that takes the texts that a pattern matches in whole."""

    field: str
    pattern: str

    def check_record(self, file: Path, where: str) -> None:
        """Raise DataError for a pattern that is not a regular expression."""
        try:
            re.compile(self.pattern)
        except re.error as error:
            key, expected = f"{where}.pattern", str(error)
            raise DataError(
                "data_value_kind", file=str(file), key=key, value=self.pattern, expected=expected
            ) from error

    def match(self, text: str) -> str | None:
        """Return the value that a text gives the field; None if it does not match."""
        found = re.fullmatch(self.pattern, text)
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

    def find_target(self, layer: str) -> LayerTarget | None:
        """Return what a layer of a drawing becomes; None if it is not taken."""
        name = layer.strip().upper()
        matching = (one for one in self.targets if any(fnmatchcase(name, pattern) for pattern in one.names))
        return next(matching, self.unmapped)


def load_mapping(name: str) -> DrawingMapping:
    """Return a mapping by its id, or by the path of a .toml file; the default one for an empty name.

    Raises
    ------
    DataError
        The mapping does not exist (the error lists the ids), or its file has an error (with file and key).
    """
    name = name.strip() or "layers"
    path = find_data_file(name, DRAWINGS_FOLDER, "drawing_mapping_unknown")
    return _read_mapping(path, path.stat().st_mtime_ns)


@dataclass(frozen=True)
class _LayerEntry:
    names: tuple[str, ...]
    role: str
    text: tuple[TextField, ...] = ()


@dataclass(frozen=True)
class MappingFile:
    """The content of a mapping's file."""

    name: str
    mark: Literal["A", "B", "C"]
    source: str
    standard: str
    unmapped: Literal["list", "project"]
    layer: tuple[_LayerEntry, ...]
    name_en: str = ""


@lru_cache(maxsize=16)
def _read_mapping(path: Path, modified_ns: int) -> DrawingMapping:
    """Read a mapping from its file; cached until the file is modified."""
    file = read_toml_record(MappingFile, path)
    try:
        standard = load_standard(file.standard)
    except DataError as error:
        if error.key != "standard_unknown":
            raise
        raise make_unknown_value_error(path, "standard", file.standard, sorted(list_standard_ids())) from error
    targets = tuple(
        _make_target(row, f"layer[{number}]", standard.templates, path) for number, row in enumerate(file.layer, 1)
    )
    as_project = next((target for target in targets if target.template.role == PROJECT), None)
    as_project = as_project or LayerTarget((), make_project_template(), ())
    titles = {"zh": file.name, "en": file.name_en or file.name}
    unmapped = as_project if file.unmapped == _AS_PROJECT else None
    return DrawingMapping(path.stem, titles, targets, unmapped, standard.code_lists)


def _make_target(row: _LayerEntry, entry: str, templates: dict[str, Template], path: Path) -> LayerTarget:
    """Return what an entry of a mapping states. Raise DataError with file and key."""
    polygon_roles = sorted(code for code, template in templates.items() if template.geometry == "polygon")
    check_known(row.role, [_AS_PROJECT, *polygon_roles], path, f"{entry}.role")
    template = make_project_template() if row.role == _AS_PROJECT else templates[row.role]
    known = [field.name for field in template.fields if field.type != "date"]
    for number, text in enumerate(row.text, 1):
        check_known(text.field, known, path, f"{entry}.text[{number}].field")
    return LayerTarget(tuple(name.strip().upper() for name in row.names), template, row.text)


SETTINGS_FILE = DRAWINGS_FOLDER / "settings.toml"


@dataclass(frozen=True)
class DrawingSettings:
    """The settings of settings.toml, which has a comment on each.

    ``metres_by_unit``: name of a unit → metres; ``unit_names``: value of $INSUNITS → name for messages.
    """

    metres_by_unit: dict[str, float]
    unit_names: dict[str, str]
    statement_words: list[str]
    metres_insunits: int
    tolerance_m: float
    closing_m: float
    tolerance_range_m: list[float]
    most_closing_m: float
    most_listed: int


@cache
def load_settings() -> DrawingSettings:
    """Read the settings."""
    table = read_toml(SETTINGS_FILE)
    return DrawingSettings(table["units"], table["insunits"], table["statements"]["words"], **table["limits"])
