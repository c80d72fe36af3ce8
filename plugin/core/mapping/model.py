# SPDX-License-Identifier: GPL-2.0-or-later
"""Data of a field mapping: the mapping, proposals, converted rows and losses."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..invariants import require_value
from ..standard.template import Field, Template

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True)
class Translation:
    """Codes of one list translated to those of the target field.

    ``column`` of list ``list`` holds the target codes, several separated by ``|``. ``choices``: a person's decision
    for codes with several equivalents or outside the list.
    """

    list: str = ""
    column: str = ""
    choices: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mapping:
    """``fields``: target → source.

    ``constants``: target → value; ``codes``: target → translation.
    """

    role: str
    fields: dict[str, str] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, Translation] = field(default_factory=dict)
    path: Path | None = None


@dataclass(frozen=True)
class Proposal:
    """The proposed source of a target field.

    ``how``: ``name``, ``cut`` (to 10 bytes), ``alias``, ``meaning`` (the name of that meaning in another layer),
    ``content``, or empty without a match. ``doubt``: a text key.
    """

    target: str
    source: str = ""
    how: str = ""
    translation: Translation | None = None
    doubt: str = ""


@dataclass(frozen=True)
class MappingLoss:
    """One value that was changed or lost.

    ``fid``: ``None`` if the loss concerns the whole field. ``carried``: the value is in the result all the same.
    ``params`` fill the text ``mapping.<reason>``.
    """

    fid: int | None
    key: str
    target: str
    source: str
    value: str
    reason: str
    carried: bool = False
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MappedRows:
    """The rows in the template's fields, the losses, and fields without a partner on either side."""

    frame: gpd.GeoDataFrame
    losses: list[MappingLoss]
    unmapped: list[str]
    unfilled: list[str]


def template_field(template: Template, name: str) -> Field:
    """Return a field that a mapping names; its name is already validated."""
    return require_value(template.field_named(name), f"field {name} of {template.role}")
