# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of what a public edition takes out (public_edition.toml): layers, fields, elements, scale.

The list is a setting of mark C; a county replaces it by a file beside its profile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ....paths import STANDARDS_FOLDER
from ...base.errors import DataError, InputError
from ...base.files.data import read_record, read_toml
from ...standard.map_set import expand_concepts_to_roles
from ...standard.profile.load import find_file_of_profile, find_file_of_standard
from ...standard.profile.profile_data import load_secrecy_levels

if TYPE_CHECKING:
    from ...standard.profile import Norm
    from ...standard.template import Template

#: The setting that names the file.
SETTING = "public_edition.list"
#: Elements that a list may take out.
GRIDS, CRS_TEXTS = "grids", "crs"
#: Meanings of fields with texts that someone typed: a name, or none that a rule knows.
_TYPED_MEANINGS = ("", "feature_name")
#: A shorter name occurs in other words, and discloses nothing.
_MIN_NAME_CHARACTERS = 2


@dataclass(frozen=True)
class HiddenKind:
    """A kind of layers that a public edition takes out.

    ``zh``, ``en``: its name in public files; ``roles``: codes of plan layers; ``name_patterns``: patterns of the names
    of other layers.
    """

    zh: str
    en: str
    roles: tuple[str, ...]
    name_patterns: tuple[str, ...]

    def get_name(self, lang: str) -> str:
        """Return the kind's name in a language."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True)
class PublicEdition:
    """What is taken out of public maps and reports.

    ``kinds``: kinds of hidden layers; ``fields``: hidden fields; ``text_fields``: fields whose
    typed texts are shown; ``elements``: `GRIDS`, `CRS_TEXTS`; ``largest_scale``:
    denominator, 0 without a limit; ``names_by_role``: role → official names of the layer; ``mark``, ``source``: of the
    list; ``is_confirmed``: the county confirmed it.
    """

    kinds: tuple[HiddenKind, ...]
    fields: frozenset[str]
    text_fields: frozenset[str]
    elements: frozenset[str]
    largest_scale: float
    names_by_role: dict[str, tuple[str, ...]]
    mark: str
    source: str
    file_name: str
    is_confirmed: bool

    def find_kind(self, role: str, layer_name: str = "") -> HiddenKind | None:
        """Return the kind of a hidden layer, by its role or its name; None for a layer that may be published."""
        for kind in self.kinds:
            if role and role in kind.roles:
                return kind
            if layer_name and any(fnmatchcase(layer_name.upper(), one.upper()) for one in kind.name_patterns):
                return kind
        return None

    @cached_property
    def hidden_roles(self) -> frozenset[str]:
        """Return the codes of all hidden plan layers."""
        return frozenset(role for kind in self.kinds for role in kind.roles)

    def list_hidden_names(self, layer_names: Iterable[str] = ()) -> list[str]:
        """Return codes and names of the hidden layers, the longest first; ``layer_names``: further names."""
        names = {*self.hidden_roles, *layer_names}
        names.update(name for role in self.hidden_roles for name in self.names_by_role.get(role, ()))
        return sorted((one for one in names if len(one) >= _MIN_NAME_CHARACTERS), key=lambda one: (-len(one), one))

    def shows_hidden_field(self, expression: str) -> bool:
        """Return True if a field name or expression uses a hidden field."""
        words = {word.upper() for word in re.findall(r"\w+", expression)}
        return bool(words & {one.upper() for one in self.fields})

    def shows_typed_text(self, expression: str, names: Iterable[str], template: Template | None) -> bool:
        """Return True if an expression uses a field (``names``: of the layer) whose texts someone typed.

        Fields of codes, keys, numbers and divisions are others, and `text_fields`.
        """
        words = {word.upper() for word in re.findall(r"\w+", expression)} - {one.upper() for one in self.text_fields}
        used = [
            None if template is None else template.find_field_by_name(one.upper())
            for one in names
            if one.upper() in words
        ]
        return any(
            one is None or (one.type == "text" and not one.codes and one.meaning in _TYPED_MEANINGS) for one in used
        )


@dataclass(frozen=True)
class _KindEntry:
    zh: str
    en: str
    of: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class _EditionFile:
    """The content of a list."""

    mark: Literal["A", "B", "C"]
    source: str
    elements: tuple[Literal["grids", "crs"], ...]
    fields: tuple[str, ...]
    largest_scale: float
    layers: tuple[_KindEntry, ...]
    text_fields: tuple[str, ...] = ()


def load_public_edition(norm: Norm) -> PublicEdition:
    """Return the public edition of a norm: the county's list, else that of the standard.

    Raise DataError with file and key for an invalid list.
    """
    path = find_file_of_profile(norm, SETTING) or find_file_of_standard(norm, SETTING)
    file = read_record(_EditionFile, read_toml(path), file=path)
    if file.largest_scale < 0:
        value = str(file.largest_scale)
        raise DataError("data_value_unknown", file=str(path), key="largest_scale", value=value, known="≥ 0")
    _refuse_blanks((*file.fields, *file.text_fields), path, "fields")
    known = norm.standard.concepts
    kinds = []
    for number, row in enumerate(file.layers, 1):
        _refuse_blanks((*row.of, *row.names), path, f"layers[{number}]")
        for one in row.of:
            # A misspelt code would leave its layer in public files. One list serves counties, cities and townships.
            is_elsewhere = one.isalnum() and any(STANDARDS_FOLDER.glob(f"*/templates/{one}.toml"))
            if one not in known and not norm.standard.list_templates_of_role(one) and not is_elsewhere:
                raise DataError("public_layer_unknown", file=str(path), key=f"layers[{number}].of", value=one)
        kinds.append(HiddenKind(row.zh, row.en, tuple(expand_concepts_to_roles(row.of, known)), row.names))
    roles = {role for kind in kinds for role in kind.roles}
    return PublicEdition(
        tuple(kinds),
        frozenset(file.fields),
        frozenset(file.text_fields),
        frozenset(file.elements),
        file.largest_scale,
        {role: tuple(one.name for one in norm.standard.list_templates_of_role(role)) for role in roles},
        file.mark,
        file.source,
        path.name,
        file.mark != "C" or norm.is_confirmed(SETTING),
    )


def _refuse_blanks(texts: Iterable[str], path: Path, key: str) -> None:
    """Raise DataError for a blank text, which would be found everywhere."""
    for text in texts:
        if not text.strip():
            raise DataError("data_value_kind", file=str(path), key=key, value=repr(text), expected="str")


def require_public_level(secrecy: str) -> None:
    """Raise InputError unless a level of secrecy is the public one.

    A missing level is accepted: a report need not have one.
    """
    levels = load_secrecy_levels()
    if secrecy and not levels.is_public(secrecy):
        raise InputError("public_secrecy", secrecy=secrecy, public=levels.public_level)
