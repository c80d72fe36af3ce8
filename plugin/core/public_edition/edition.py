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
from typing import TYPE_CHECKING, Any

from ...paths import STANDARDS_FOLDER
from ..errors import DataError, InputError
from ..files.data import SOURCE_MARKS, check_keys, check_known, check_type, make_unknown_value_error, read_toml
from ..profile.document import load_secrecy_levels
from ..profile.load import find_file_of_profile, find_file_of_standard
from ..standard.map_set import expand_concepts_to_roles

if TYPE_CHECKING:
    from ..profile import Norm

#: The setting that names the file.
SETTING = "public_edition.list"
GRIDS, CRS_TEXTS = "grids", "crs"
#: Elements that a list may take out.
ELEMENTS = (GRIDS, CRS_TEXTS)
_KEYS = ("mark", "source", "elements", "fields", "largest_scale", "layers")
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

    ``kinds``: kinds of hidden layers; ``fields``: hidden fields; ``elements``: of `ELEMENTS`; ``largest_scale``:
    denominator, 0 without a limit; ``names_by_role``: role → official names of the layer; ``mark``, ``source``: of the
    list; ``is_confirmed``: the county confirmed it.
    """

    kinds: tuple[HiddenKind, ...]
    fields: frozenset[str]
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


def load_public_edition(norm: Norm) -> PublicEdition:
    """Return the public edition of a norm: the county's list, else that of the standard.

    Raise DataError with file and key for an invalid list.
    """
    path = find_file_of_profile(norm, SETTING) or find_file_of_standard(norm, SETTING)
    table = read_toml(path)
    check_keys(table, required=_KEYS, allowed=(), file=path)
    check_known(table["mark"], SOURCE_MARKS, path, "mark")
    for element in _check_texts(table["elements"], path, "elements"):
        check_known(element, ELEMENTS, path, "elements")
    scale = check_type(table["largest_scale"], (int, float), file=path, key="largest_scale")
    if scale < 0:
        raise make_unknown_value_error(path, "largest_scale", scale, ("≥ 0",))
    kinds = tuple(
        _read_kind(row, norm, path, f"layers[{number}]")
        for number, row in enumerate(check_type(table["layers"], list, file=path, key="layers"), 1)
    )
    roles = {role for kind in kinds for role in kind.roles}
    return PublicEdition(
        kinds,
        frozenset(_check_texts(table["fields"], path, "fields")),
        frozenset(table["elements"]),
        float(scale),
        {role: tuple(one.name for one in norm.standard.list_templates_of_role(role)) for role in roles},
        table["mark"],
        check_type(table["source"], str, file=path, key="source"),
        path.name,
        table["mark"] != "C" or norm.is_confirmed(SETTING),
    )


def require_public_level(secrecy: str) -> None:
    """Raise InputError unless a level of secrecy is the public one.

    A missing level is accepted: a report need not have one.
    """
    levels = load_secrecy_levels()
    if secrecy and not levels.is_public(secrecy):
        raise InputError("public_secrecy", secrecy=secrecy, public=levels.public_level)


def _read_kind(row: Any, norm: Norm, path: Path, key: str) -> HiddenKind:
    """Return the kind in a row of ``[[layers]]``. Raise DataError for an unknown concept or layer code."""
    row = check_type(row, dict, file=path, key=key)
    check_keys(row, required=("zh", "en", "of", "names"), allowed=(), file=path, where=key)
    for name in ("zh", "en"):
        check_type(row[name], str, file=path, key=f"{key}.{name}")
    known = norm.standard.concepts
    for one in _check_texts(row["of"], path, f"{key}.of"):
        # A misspelt code would leave its layer in public files.
        if one not in known and not norm.standard.list_templates_of_role(one) and not _is_known_elsewhere(one):
            raise DataError("public_layer_unknown", file=str(path), key=f"{key}.of", value=one)
    roles = tuple(expand_concepts_to_roles(row["of"], known))
    return HiddenKind(row["zh"], row["en"], roles, tuple(_check_texts(row["names"], path, f"{key}.names")))


def _is_known_elsewhere(role: str) -> bool:
    """Return True if another standard has the layer: one list serves counties, cities and townships."""
    return role.isalnum() and any(STANDARDS_FOLDER.glob(f"*/templates/{role}.toml"))


def _check_texts(value: Any, path: Path, key: str) -> list[str]:
    """Return a list of texts that are not empty. Raise DataError."""
    texts: list[str] = check_type(value, list, file=path, key=key)
    for text in texts:
        if not check_type(text, str, file=path, key=key).strip():
            raise DataError("data_value_kind", file=str(path), key=key, value=repr(text), expected="str")
    return texts
