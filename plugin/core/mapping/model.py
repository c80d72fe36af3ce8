# SPDX-License-Identifier: GPL-2.0-or-later
"""What a mapping of fields is: what goes where, what was proposed, what arrived and what was lost."""

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
    """Codes of one list into those of the target field: ``column`` of list ``list`` holds them, several parted by ``|``.

    ``choices``: what a person decided for codes that may become several, or that the list does not know.
    """

    list: str = ""
    column: str = ""
    choices: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mapping:
    """What goes where: ``fields`` target → source, ``constants`` target → value, ``codes`` target → translation."""

    role: str
    fields: dict[str, str] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, Translation] = field(default_factory=dict)
    path: Path | None = None


@dataclass(frozen=True)
class Proposal:
    """Where a target field's values may come from. ``how``: ``name``, ``cut`` (to 10 bytes), ``alias``, ``meaning``
    (the name of that meaning in another layer), ``content``, or empty when nothing fits. ``doubt``: a text key."""

    target: str
    source: str = ""
    how: str = ""
    translation: Translation | None = None
    doubt: str = ""


@dataclass(frozen=True)
class MappingLoss:
    """One value that did not arrive as it was. ``fid`` None: it is about the whole field. ``carried``: it stands in the
    result all the same. ``params`` fill the text ``mapping.<reason>``."""

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
    """The rows in the template's fields, what was lost on the way, and fields on either side that found no partner."""

    frame: gpd.GeoDataFrame
    losses: list[MappingLoss]
    unmapped: list[str]
    unfilled: list[str]


def template_field(template: Template, name: str) -> Field:
    """Return a field that a mapping names: loading checked the name, or it was proposed from the template itself."""
    return require_value(template.field_named(name), f"field {name} of {template.role}")
